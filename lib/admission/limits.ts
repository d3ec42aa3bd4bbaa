// Long because it is one list: where a limit may come from, and which source goes first.
import { type Bytes, bytesExpected, parseBytes } from '../base/bytes.ts';
import { type Duration, durationExpected, parseDuration } from '../base/durations.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import { type AnnouncedLimit, announcedLimit } from './announced-limits.ts';
import { environmentLimit, hasMachineLimit, machineLimit } from './default-limits.ts';
import type { ResourceClass } from './demand.ts';
import type { Rate } from './rate-window.ts';

/** A resource class of which only so much may start in a stretch of time. */
export interface RatedLimit {
  /** How much may be taken at once. @defaultValue as without a rate; no limit for a class of your own */
  readonly limit?: number | Bytes | undefined;
  /** How much may start in any stretch of `per`, a window that slides: every attempt counts when it starts. */
  readonly rate: {
    /** The most that may start in it; a number above 0. */
    readonly limit: number;
    /** How long it is; above 0. */
    readonly per: Duration;
  };
}

/**
 * The capacity of each resource class: numbers above 0, `Infinity` included; memory also as text; or a capacity with a
 * {@link RatedLimit | rate}. A name that ends with `*` is of a family: each class whose name begins so has as much for itself, unless
 * its own name, or a longer beginning, is given too; those of its members that nobody needs are forgotten. What no step demands is of no
 * account.
 *
 * @example
 * ```ts
 * const limits: Limits = { 'heavy-cpu': 2, memory: '2GiB', db: 5, api: { rate: { limit: 10, per: '1s' } }, 'host:*': 2 };
 * ```
 */
export type Limits = Readonly<Record<string, number | Bytes | RatedLimit | undefined>> &
  Readonly<Partial<Record<ResourceClass, number | RatedLimit | undefined>>> & {
    /** In bytes. */
    readonly memory?: Bytes | RatedLimit | undefined;
    /** How many steps may run at once over all classes: the same as the run's `concurrency`. */
    readonly concurrency?: number | undefined;
  };

/** Limits, read. */
interface ResolvedLimits {
  /** How many steps may run at once over all classes, where that is said. */
  readonly concurrency: number | undefined;
  /** Classes demanded without a limit of their own, by the spelling of theirs that a limit was given for. */
  readonly misspelt: ReadonlyMap<string, string>;
  /** The capacity of each class. */
  readonly capacities: ReadonlyMap<string, number>;
  /** How much of a class may start in a stretch of time, where that is bounded. */
  readonly rates: ReadonlyMap<string, Rate>;
}

/** What a class is given: a capacity, where one is named, and a rate, where there is one. */
export interface LimitChange {
  readonly capacity: number | undefined;
  readonly rate: Rate | undefined;
}

/**
 * The capacity of every class demanded: the option, else that of its family, else the environment, else what the machine offers. A
 * class that is shared has no limit of its own but the first three.
 *
 * Only what is demanded is looked up, so that one record of limits serves many workflows. A class of the user's own has
 * no default: a missing limit is noted with the checker.
 *
 * @param shared - the limits that others have a part in
 */
export function resolveLimits(
  checker: OptionChecker,
  demanded: Iterable<string>,
  limits: Limits,
  shared: readonly Limits[] = [],
): ResolvedLimits {
  const capacities = new Map<string, number>();
  const rates = new Map<string, Rate>();
  const misspelt = new Map<string, string>();
  const classes = new Set(demanded);
  for (const name of classes) {
    const { capacity, rate } = resolveLimit(checker, name, limits, classes, shared);
    if (rate !== undefined) rates.set(name, rate);
    if (capacity !== undefined) capacities.set(name, capacity);
    if (!hasMachineLimit(name) || [limits, ...shared].some((each) => isLimited(each, name))) continue;
    const other = [limits, ...shared]
      .flatMap(namesIn)
      .find((given) => given !== name && spelling(given) === spelling(name));
    if (other !== undefined) misspelt.set(other, name);
  }
  checkOthers(checker, classes, limits);
  return { capacities, rates, misspelt, concurrency: readConcurrency(checker, limits) };
}

/** The limit of one class, as by {@link resolveLimits}; `classes` are those known to be demanded. */
export function resolveLimit(
  checker: OptionChecker,
  name: string,
  limits: Limits,
  classes: ReadonlySet<string> = new Set([name]),
  shared: readonly Limits[] = [],
): LimitChange {
  const given = limitOf(limits, name);
  const { capacity, rate } = readLimit(checker, name, given);
  const isShared = shared.some((each) => isLimited(each, name));
  const limit =
    capacity ??
    environmentLimit(checker, name) ??
    announcedLimit(name)?.value ??
    (isShared ? Infinity : machineLimit(name)) ??
    (rate === undefined ? undefined : Infinity);
  if (limit === undefined && given === undefined) {
    const unused = [limits, ...shared].flatMap(namesIn).filter((other) => !classes.has(other));
    const meant = nearestName(name, unused);
    const hint = meant === undefined ? '' : ` (did you mean it with '${meant}'?)`;
    checker.fail(`limits['${name}']`, `a positive number, since steps demand '${name}'${hint}`, undefined);
  }
  return { capacity: limit, rate };
}

/** The names that something is given for. */
function namesIn(limits: Limits): string[] {
  return Object.keys(limits).filter((name) => limits[name] !== undefined);
}

/** Whether something is given for a class, by its name or its family. */
export function isLimited(limits: Limits, name: string): boolean {
  return limitOf(limits, name) !== undefined;
}

/** What is given for a class, by its name or its family, and for `concurrency`; nothing else counts. */
export function givenLimit(checker: OptionChecker, name: string, limits: Limits): LimitChange {
  if (name === 'concurrency') return { capacity: readConcurrency(checker, limits), rate: undefined };
  return readLimit(checker, name, limitOf(limits, name));
}

/** Notes what is wrong with limits, whether or not anything demands them. */
export function checkLimits(checker: OptionChecker, limits: Limits): void {
  readConcurrency(checker, limits);
  checkOthers(checker, new Set(), limits);
}

/** What is given for a class: by its name, else by the longest beginning of it that a family `'…*'` has. */
function limitOf(limits: Limits, name: string): Limits[string] {
  if (Object.hasOwn(limits, name) && limits[name] !== undefined) return limits[name];
  let family: string | undefined;
  for (const given in limits) {
    if (!isFamily(given) || !name.startsWith(given.slice(0, -1)) || limits[given] === undefined) continue;
    if (family === undefined || given.length > family.length) family = given;
  }
  return family === undefined ? undefined : limits[family];
}

/** Whether a class has the limit of its family. */
export function isFamilyMember(limits: Limits, name: string): boolean {
  if (Object.hasOwn(limits, name) && limits[name] !== undefined) return false;
  return isLimited(limits, name);
}

/** The limit that somebody else knows of a class, where nothing is given for it. */
export function followedLimit(limits: Limits, name: string): AnnouncedLimit | undefined {
  return limitOf(limits, name) === undefined ? announcedLimit(name) : undefined;
}

/** Whether a limit is one for each class of a family. */
export function isFamily(name: string): boolean {
  return name.endsWith('*');
}

/**
 * The capacity and the rate of every class that is given, for a run that is under way. A number takes a class's rate
 * away. What can't be used is noted with the checker, as by {@link resolveLimits}.
 */
export function readLimitChanges(
  checker: OptionChecker,
  demanded: Iterable<string>,
  limits: Limits,
): Map<string, LimitChange> {
  const classes = new Set(demanded);
  const changes = new Map<string, LimitChange>();
  for (const name of classes) {
    const given = limitOf(limits, name);
    if (given !== undefined) changes.set(name, readLimit(checker, name, given));
  }
  const concurrency = readConcurrency(checker, limits);
  if (concurrency !== undefined) changes.set('concurrency', { capacity: concurrency, rate: undefined });
  checkOthers(checker, classes, limits);
  return changes;
}

/** Limits that nothing demands are of no account, but have to be limits. */
function checkOthers(checker: OptionChecker, classes: ReadonlySet<string>, limits: Limits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || classes.has(name) || name === 'concurrency') continue;
    if (name === 'default')
      checker.fail(
        'limits.default',
        "named 'light-cpu', which is what steps without a resource demand",
        value,
      );
    else readLimit(checker, name, value);
  }
}

function readConcurrency(checker: OptionChecker, limits: Limits): number | undefined {
  const { concurrency } = limits;
  if (concurrency === undefined) return undefined;
  return checker.count('limits.concurrency', concurrency, 1);
}

/** A name without what people write differently: `heavy_cpu` is `heavy-cpu`, while `heavy-gpu` may be someone's own. */
function spelling(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** The limit over all classes: the run's option or that among its limits, else the environment, else none. */
export function resolveConcurrency(
  checker: OptionChecker,
  concurrency: number | undefined,
  among: number | undefined,
): number | undefined {
  if (concurrency !== undefined && among !== undefined)
    checker.fail('limits.concurrency', 'absent, since the option `concurrency` says it already', among);
  return checker.count('concurrency', concurrency, 1) ?? among ?? environmentLimit(checker, 'concurrency');
}

function readLimit(checker: OptionChecker, name: string, value: Limits[string]): LimitChange {
  const option = `limits['${name}']`;
  if (!isRated(value)) return { capacity: readCapacity(checker, option, name, value), rate: undefined };
  checker.knownKeys(`${option}.`, value, ['limit', 'rate']);
  return {
    capacity: readCapacity(checker, `${option}.limit`, name, value.limit),
    rate: readRate(checker, `${option}.rate`, value.rate),
  };
}

function isRated(value: Limits[string]): value is RatedLimit {
  return typeof value === 'object' && (value as unknown) !== null;
}

function readCapacity(
  checker: OptionChecker,
  option: string,
  name: string,
  value: number | Bytes | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  const amount = name === 'memory' ? parseBytes(value) : typeof value === 'number' ? value : undefined;
  if (amount !== undefined && amount > 0) return amount;
  return checker.fail(
    option,
    name === 'memory' ? `above 0 and ${bytesExpected}` : 'a positive number',
    value,
  );
}

function readRate(
  checker: OptionChecker,
  option: string,
  value: RatedLimit['rate'] | undefined,
): Rate | undefined {
  if (!checker.record(option, value, "a rate: { limit: 10, per: '1s' }")) return undefined;
  checker.knownKeys(`${option}.`, value, ['limit', 'per']);
  const { limit, per } = value;
  const perMs = parseDuration(per);
  if (!(typeof limit === 'number' && limit > 0)) checker.fail(`${option}.limit`, 'a positive number', limit);
  if (perMs === undefined || perMs === 0)
    return checker.fail(`${option}.per`, `above 0 and ${durationExpected}`, per);
  return { limit, perMs };
}

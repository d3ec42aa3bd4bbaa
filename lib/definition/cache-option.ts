import type { Duration } from '../base/durations.ts';
import type { OptionChecker } from '../base/option-checker.ts';

/** The version of somebody's code, which nobody else can know. */
export type Version = string | number;

/** What a version has to be, in messages. */
const versionExpected = 'a string that is not empty, or a finite number';

/**
 * When what a step came to before may be taken instead of running it: if its version and all that it depends on are the same. Only in
 * a run that has a `store`.
 */
export interface CacheOptions<Inputs = unknown> {
  /** The version of the step's code: change it with whatever changes the output. */
  readonly version: Version;
  /**
   * What the results are called in the store: steps of one name, in whatever workflow, share them.
   *
   * @defaultValue the name of the workflow and the id of the step
   */
  readonly name?: string | undefined;
  /** What of the inputs counts; any value that can be stored. @defaultValue all of them */
  readonly key?: ((inputs: Inputs) => unknown) | undefined;
  /** The paths of the files and folders that the step reads: what is in them counts. */
  readonly files?: ((inputs: Inputs) => readonly string[]) | undefined;
  /** The environment variables that count. */
  readonly env?: readonly string[] | undefined;
  /** How long a result may be taken. @defaultValue for ever */
  readonly ttl?: Duration | undefined;
}

/** A cache option, read. */
export interface CacheTerms {
  readonly version: Version;
  readonly name: string | undefined;
  readonly key: ((inputs: never) => unknown) | undefined;
  readonly files: ((inputs: never) => unknown) | undefined;
  readonly env: readonly string[];
  /** In ms. */
  readonly ttl: number;
}

const known = ['version', 'name', 'key', 'files', 'env', 'ttl'];

/** Reads a cache option; what is wrong is noted with the checker. */
export function parseCache<Inputs>(
  checker: OptionChecker,
  option: string,
  cache: CacheOptions<Inputs> | undefined,
): CacheTerms | undefined {
  if (cache === undefined) return undefined;
  if (!checker.record(option, cache, 'a record { version, name, key, files, env, ttl }')) return undefined;
  checker.knownKeys(`${option}.`, cache, known);
  const { env, name } = cache;
  if ((cache.version as unknown) === undefined) checker.fail(`${option}.version`, versionExpected, undefined);
  if (env !== undefined && !(Array.isArray(env) && env.every((each) => typeof each === 'string')))
    checker.fail(`${option}.env`, 'an array of names', env);
  if (name === '') checker.fail(`${option}.name`, 'a string that is not empty', name);
  return {
    version: parseVersion(checker, `${option}.version`, cache.version) ?? 0,
    name: checker.text(`${option}.name`, name),
    key: checker.function(`${option}.key`, cache.key) as CacheTerms['key'],
    files: checker.function(`${option}.files`, cache.files) as CacheTerms['files'],
    env: env ?? [],
    ttl: checker.duration(`${option}.ttl`, cache.ttl) ?? Infinity,
  };
}

/** Reads a version; what is wrong is noted with the checker. */
export function parseVersion(
  checker: OptionChecker,
  option: string,
  version: Version | undefined,
): Version | undefined {
  if (version === undefined) return undefined;
  const isVersion =
    (typeof version === 'string' && version !== '') ||
    (typeof version === 'number' && Number.isFinite(version));
  return isVersion ? version : checker.fail(option, versionExpected, version);
}

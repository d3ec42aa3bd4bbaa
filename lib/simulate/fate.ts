import { hintAfter } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { StepSettings } from '../definition/step-options.ts';
import type { Parts } from './parts.ts';

/** What only a run finds out. `undefined` is always absent. */
export interface FateOptions {
  /**
   * How many items fan-outs get, by their ids; those of subflows as `subflow/id`. Each child is then simulated, and `durations`
   * may name it: `id[0]`, or `id[]` for all.
   *
   * @defaultValue as many as a list that was given as `items` has; any other fan-out is simulated as one step
   */
  readonly items?: Readonly<Record<string, number>> | undefined;
  /** Which branch each `choose` takes, by ids. @defaultValue its first */
  readonly branches?: Readonly<Record<string, string>> | undefined;
  /** The steps whose `when` says no. @defaultValue none */
  readonly skipped?: readonly string[] | undefined;
}

/** The names of these options. */
export const fateNames = ['items', 'branches', 'skipped'];

/** What happens to steps that nobody could know of before a run. */
export interface Fate {
  readonly branches: ReadonlyMap<string, string>;
  readonly skipped: ReadonlySet<string>;
}

/** Each child takes some memory. */
const mostItems = 10_000_000;

/** Reads how many items there are; that the ids are those of fan-outs is checked with the other fates. */
export function readItems(
  checker: OptionChecker,
  items: FateOptions['items'],
): ReadonlyMap<string, number | undefined> {
  if (items === undefined || !checker.record('items', items, 'a record of numbers by step id'))
    return new Map();
  return new Map(
    Object.entries(items).map(([id, count]) => {
      if (count > mostItems)
        return [id, checker.fail(`items['${id}']`, `at most ${String(mostItems)}`, count)];
      return [id, checker.count(`items['${id}']`, count, 0)];
    }),
  );
}

/** Reads the rest; every id and branch that there isn't is noted with the checker. */
export function readFate(checker: OptionChecker, parts: Parts, options: FateOptions): Fate {
  const settingsOf = (option: string, id: string, value: unknown): StepSettings | undefined => {
    const index = parts.indexOf(id);
    if (index !== undefined) return parts.settings[index];
    const hint = hintAfter(id, parts.ids);
    checker.fail(option, `absent (workflow '${parts.blueprint.name}' has no step '${id}'${hint})`, value);
    return undefined;
  };
  for (const [id, count] of Object.entries(options.items ?? {})) {
    const settings = settingsOf(`items['${id}']`, id, count);
    if (settings !== undefined && settings.kind !== 'for-each')
      checker.fail(`items['${id}']`, `absent (step '${id}' is no fan-out)`, count);
  }
  const branches = new Map<string, string>();
  const given = options.branches ?? {};
  if (checker.record('branches', given, "a record of branches' names by step id")) {
    for (const [id, name] of Object.entries(given)) {
      const settings = settingsOf(`branches['${id}']`, id, name);
      if (settings === undefined) continue;
      const names = settings.join?.kind === 'choose' ? [...settings.join.branches.keys()] : [];
      if (names.includes(name)) branches.set(id, name);
      else
        checker.fail(
          `branches['${id}']`,
          names.length === 0 ? `absent (step '${id}' has no branches)` : `one of '${names.join("', '")}'`,
          name,
        );
    }
  }
  const skipped = new Set<string>();
  if (options.skipped !== undefined && !Array.isArray(options.skipped))
    checker.fail('skipped', 'a list of ids', options.skipped);
  for (const [place, id] of Array.isArray(options.skipped) ? options.skipped.entries() : []) {
    const settings = settingsOf(`skipped[${String(place)}]`, String(id), id);
    if (settings === undefined) continue;
    if (settings.when === undefined)
      checker.fail(`skipped[${String(place)}]`, `that of a step with a 'when', unlike '${String(id)}'`, id);
    else skipped.add(String(id));
  }
  return { branches, skipped };
}

import type { Blueprint } from '../definition/blueprint.ts';
import { KnownGraph } from '../definition/hosted.ts';
import { edge } from '../definition/join.ts';
import type { Kept, RecalledGraph } from '../engine/keeper.ts';
import { escaped, rootPart } from '../engine/step-id.ts';
import type { JournalRecord } from './journal-record.ts';
import type { JournalState, KeptRecord } from './journal-state.ts';
import { isWritten } from './outputs.ts';

/** What has changed since a run was taken last. */
export interface Changes {
  /** Steps of the run's own that have changed, or are to be done again. */
  readonly changed: ReadonlySet<string>;
  /** Steps whose output is given, or was, and isn't what it was; and the steps that they are within. */
  readonly given: ReadonlySet<string>;
  readonly aroundGiven: ReadonlySet<string>;
}

/**
 * The records by which that is forgotten which can't be used any more for what has changed: they are written before it is said what the
 * run is of now, so that nobody takes what was made for what would be made.
 */
export function renewalOf(blueprint: Blueprint, changes: Changes): JournalRecord[] {
  if (changes.changed.size + changes.given.size === 0) return [];
  const { ids } = blueprint.graph;
  const suspects = ids.filter((id) => /[/[]/.test(id));
  return renewalWithin(blueprint, changes, {
    pathOf: (id) => id,
    partOf: (id) => rootPart(id, suspects),
  });
}

function renewalWithin(
  blueprint: Blueprint,
  changes: Changes,
  { pathOf, partOf }: { readonly pathOf: (id: string) => string; readonly partOf: (id: string) => string },
): JournalRecord[] {
  const { ids } = blueprint.graph;
  const renewed: JournalRecord[] = [];
  const causes: number[] = [];
  for (const [step, id] of ids.entries()) {
    const path = pathOf(id);
    if (changes.changed.has(path)) {
      renewed.push(['again', path]);
      causes.push(step);
    } else if (changes.aroundGiven.has(path)) {
      renewed.push(['closed', path]);
      causes.push(step);
      const within = blueprint.steps[step]?.settings.within;
      const pathWithin = (each: string): string => `${partOf(id)}/${escaped(each)}`;
      if (within instanceof KnownGraph)
        renewed.push(...renewalWithin(within.blueprint, changes, { pathOf: pathWithin, partOf: pathWithin }));
    } else if (changes.given.has(path)) {
      causes.push(step);
    }
  }
  for (const step of dependentsOf(blueprint, causes, []))
    renewed.push(['again', pathOf(ids[step] as string)]);
  return renewed;
}

/** An output that is kept. */
export class KeptOutputRecord implements Kept {
  readonly path: string;
  readonly record: KeptRecord;

  constructor(path: string, record: KeptRecord) {
    this.path = path;
    this.record = record;
  }

  get order(): number | undefined {
    return this.record.output.c === 1 ? undefined : this.record.order;
  }
}

/**
 * What of a graph need not be done again. Pure; `renewed` are the records by which the rest is forgotten, also by whoever comes next.
 *
 * Done again is what was undone, all that depends on that, and all that went on without a step whose failure nobody had
 * dealt with. A join that waits for what it has settled for stays settled.
 *
 * @param hadCompleted - whether the run had come to its end with all of its outputs: nothing can be undone then
 */
export function recallGraph(
  state: JournalState,
  graph: RecalledGraph,
  hadCompleted: boolean,
): {
  readonly kept: Map<number, KeptOutputRecord>;
  readonly again: Set<number>;
  readonly renewed: readonly JournalRecord[];
} {
  const { blueprint } = graph;
  const paths = Array.from({ length: blueprint.graph.size }, (_, step) => graph.pathOf(step));
  const renewed = state.hasLosses ? lossesOf(state, blueprint, paths) : [];
  for (const record of renewed) state.apply(record);
  const kept = new Map<number, KeptOutputRecord>();
  const again = new Set<number>();
  for (const [step, path] of paths.entries()) {
    const record = state.outputOf(path);
    if (record === undefined || !isWritten(record.output)) continue;
    if (record.output.u === 1 && !hadCompleted) again.add(step);
    else kept.set(step, new KeptOutputRecord(path, record));
  }
  return { kept, again, renewed };
}

/** What is to be forgotten for what was undone or has failed. */
function lossesOf(state: JournalState, blueprint: Blueprint, paths: readonly string[]): JournalRecord[] {
  const undoneWithin = state.undoneWithin();
  const renewed: JournalRecord[] = [];
  const causes: number[] = [];
  const failed: number[] = [];
  for (const [step, path] of paths.entries()) {
    if (state.isUndone(path)) {
      renewed.push(['again', path]);
      causes.push(step);
    } else if (undoneWithin.has(path)) {
      renewed.push(['closed', path]);
      causes.push(step);
    } else if (state.hasFailed(path)) {
      failed.push(step);
    }
  }
  const isDone = (step: number): boolean => state.outputOf(paths[step] as string) !== undefined;
  const wentOn = goneOnWithout(blueprint, failed, isDone);
  for (const step of dependentsOf(blueprint, causes, wentOn)) renewed.push(['again', paths[step] as string]);
  return renewed;
}

/** The steps that went on though others had failed. */
function goneOnWithout(
  { graph: { dependents }, branching }: Blueprint,
  failed: readonly number[],
  isDone: (step: number) => boolean,
): Set<number> {
  const lost = new Set(failed);
  const wentOn = new Set<number>();
  const joins = (join: number, step: number): boolean =>
    branching?.edgesOf(join).every((input) => input.step !== step || joined.has(input.kind)) === true;
  // A Set goes on over what is added while it is walked.
  for (const step of lost)
    for (const each of dependents.values.subarray(dependents.starts[step], dependents.starts[step + 1]))
      if (!joins(each, step)) wentOn.add(each);
      else if (!isDone(each)) lost.add(each);
  for (const step of lost) wentOn.delete(step);
  return wentOn;
}

const joined: ReadonlySet<number> = new Set([edge.lazy, edge.candidate]);

/** Some steps, and all that depends on them or on the causes, through whatever others; not the causes themselves. */
function dependentsOf(
  { graph: { dependents } }: Blueprint,
  causes: readonly number[],
  steps: Iterable<number>,
): Set<number> {
  const found = new Set([...causes, ...steps]);
  // A Set goes on over what is added while it is walked.
  for (const step of found)
    for (const each of dependents.values.subarray(dependents.starts[step], dependents.starts[step + 1]))
      found.add(each);
  for (const step of causes) found.delete(step);
  return found;
}

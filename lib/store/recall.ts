import type { Blueprint } from '../definition/blueprint.ts';
import type { Kept, RecalledGraph } from '../engine/keeper.ts';
import type { JournalRecord } from './journal-record.ts';
import type { JournalState, KeptRecord } from './journal-state.ts';
import { isWritten } from './outputs.ts';

/** What makes steps of a graph run again, though they have come to something. */
export interface Renewal {
  /** Steps of the run's own that have changed, or are to be done again. */
  readonly changed: ReadonlySet<string>;
  /** Steps whose output is given, or was, and isn't what it was; and the steps that they are within. */
  readonly given: ReadonlySet<string>;
  readonly aroundGiven: ReadonlySet<string>;
  /** Whether the run had come to its end with all of its outputs: nothing can be undone then. */
  readonly hadCompleted: boolean;
}

/** An output that is kept. */
export class KeptOutputRecord implements Kept {
  readonly path: string;
  readonly record: KeptRecord;

  constructor(path: string, record: KeptRecord) {
    this.path = path;
    this.record = record;
  }

  get order(): number {
    return this.record.order;
  }
}

/**
 * What of a graph need not be done again. Pure; `renewed` are the records by which the rest is forgotten, also by whoever comes next.
 *
 * Done again is what has changed or was undone, all that depends on that, and all that depends on a failure which nobody had dealt with.
 */
export function recallGraph(
  state: JournalState,
  graph: RecalledGraph,
  renewal: Renewal,
): {
  readonly kept: Map<number, KeptOutputRecord>;
  readonly again: Set<number>;
  readonly renewed: readonly JournalRecord[];
} {
  const { blueprint, parentPath } = graph;
  const paths = Array.from({ length: blueprint.graph.size }, (_, step) => graph.pathOf(step));
  const undoneWithin = state.undoneWithin();
  const renewed: JournalRecord[] = [];
  const causes: number[] = [];
  for (const [step, path] of paths.entries()) {
    const isChanged = parentPath === undefined && renewal.changed.has(path);
    if (isChanged || state.isUndone(path)) {
      renewed.push(['again', path]);
      causes.push(step);
    } else if (undoneWithin.has(path) || renewal.aroundGiven.has(path)) {
      renewed.push(['closed', path]);
      causes.push(step);
    } else if (renewal.given.has(path) || state.hasFailed(path)) {
      causes.push(step);
    }
  }
  for (const step of dependentsOf(blueprint, causes)) renewed.push(['again', paths[step] as string]);
  for (const record of renewed) state.apply(record);
  const kept = new Map<number, KeptOutputRecord>();
  const again = new Set<number>();
  for (const [step, path] of paths.entries()) {
    const record = state.outputOf(path);
    if (record === undefined || !isWritten(record.output)) continue;
    if (record.output.u === 1 && !renewal.hadCompleted) again.add(step);
    else kept.set(step, new KeptOutputRecord(path, record));
  }
  return { kept, again, renewed };
}

/** All that depends on some steps, through whatever others; not those themselves. */
function dependentsOf({ graph: { dependents } }: Blueprint, causes: readonly number[]): Set<number> {
  const found = new Set(causes);
  // A Set goes on over what is added while it is walked.
  for (const step of found)
    for (const each of dependents.values.subarray(dependents.starts[step], dependents.starts[step + 1]))
      found.add(each);
  for (const step of causes) found.delete(step);
  return found;
}

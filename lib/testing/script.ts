import { map, mergeMap, type Observable, type SchedulerLike, throwError, timer } from 'rxjs';
import { type Duration, durationExpected, parseDuration } from '../base/durations.ts';
import { hintInBrackets } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';

/** How steps run: how long they take, which of their attempts fail, what they give. */
export interface Script {
  /**
   * How long an attempt takes at the least, by id; or for all, by a function of the id. The step's function is called as always,
   * but what it comes to, and the steps that it leaves the work to, come no earlier. One without a function to call takes just so long.
   *
   * @defaultValue no longer than its function takes; where that is not called, the step's `estimate`, else 1 ms
   */
  readonly durations?:
    | Readonly<Record<string, Duration | undefined>>
    | ((id: string) => Duration | undefined)
    | undefined;
  /**
   * How many attempts fail, the first ones, by id; or the error that all of them fail with. The step's function is not called for these.
   *
   * @defaultValue none
   */
  readonly failures?: Readonly<Record<string, number | Error | undefined>> | undefined;
  /** What the step gives, by id, in place of what its function would: that is not called. @defaultValue what its function gives */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
}

/** How one step runs that the script names. */
export interface Part {
  /** Whether its function is never called. */
  readonly isReplaced: boolean;
  /** How long an attempt takes at the least; `undefined` where nothing is said. */
  readonly ms: number | undefined;
  /** How long an attempt takes for which its function is not called. */
  readonly replacedMs: number;
  /** What an attempt fails with, if it does. */
  readonly failure: (attempt: number) => Error | undefined;
  readonly output: unknown;
}

/** The parts of the steps that are named, by index. What can't be used is noted with the checker. */
export function readScript(
  checker: OptionChecker,
  { graph, steps }: Blueprint,
  { durations, failures, outputs }: Script,
  replacesAll: boolean,
): ReadonlyMap<number, Part> {
  const lengths = new Map<string, number>();
  if (typeof durations === 'function') {
    for (const id of graph.ids) note(id, durations(id));
  } else {
    for (const [id, value] of entriesOf('durations', durations)) note(id, value);
  }
  const failing = new Map(
    entriesOf('failures', failures).flatMap(([id, value]): [string, number | Error][] => {
      if (value instanceof Error || value === undefined) return value === undefined ? [] : [[id, value]];
      const count = checker.count(`failures['${id}']`, value, 0);
      return count === undefined ? [] : [[id, count]];
    }),
  );
  const given = new Map(entriesOf('outputs', outputs));
  const parts = new Map<number, Part>();
  for (const [index, id] of graph.ids.entries()) {
    if (!replacesAll && !lengths.has(id) && !failing.has(id) && !given.has(id)) continue;
    parts.set(index, {
      isReplaced: replacesAll || given.has(id),
      ms: lengths.get(id),
      replacedMs: lengths.get(id) ?? steps[index]?.settings.estimate ?? 1,
      failure: (attempt) => failureAt(id, attempt, failing.get(id)),
      output: given.get(id),
    });
  }
  return parts;

  function note(id: string, value: Duration | undefined): void {
    if (value === undefined) return;
    const ms = parseDuration(value);
    if (ms === undefined) checker.fail(`durations['${id}']`, durationExpected, value);
    else lengths.set(id, ms);
  }

  function entriesOf<Value>(
    option: string,
    record: Readonly<Record<string, Value>> | undefined,
  ): [string, Value][] {
    if (record === undefined || !checker.record(option, record, 'a record by step id')) return [];
    return Object.entries(record).filter(([id, value]) => {
      if (graph.indexOf(id) !== undefined) return true;
      checker.fail(`${option}['${id}']`, `the id of a step${hintInBrackets(id, graph.ids)}`, value);
      return false;
    });
  }
}

function failureAt(id: string, attempt: number, failure: number | Error | undefined): Error | undefined {
  if (failure instanceof Error) return failure;
  return attempt <= (failure ?? 0)
    ? new Error(`attempt ${String(attempt)} of '${id}' fails, as was asked for`)
    : undefined;
}

/** What an attempt does for which the step's function is not called: it waits, and then gives its output or fails. */
export function perform(part: Part, attempt: number, scheduler: SchedulerLike): Observable<unknown> {
  const failure = part.failure(attempt);
  const waited = timer(part.replacedMs, scheduler);
  return failure === undefined
    ? waited.pipe(map(() => part.output))
    : waited.pipe(mergeMap(() => throwError(() => failure)));
}

/** A run in the naive line: it has so many steps to start, each of which takes one of what is shared for its time. */
export interface LinedRun {
  readonly at: number;
  readonly priority: number;
  readonly cancelAt: number | undefined;
  readonly durations: readonly number[];
}

interface Waiting {
  readonly run: number;
  readonly since: number;
  overtaken: number;
}

/** A start: when, and of which run. */
export type LinedStart = readonly [at: number, run: number];

/**
 * Who starts when, as a plain list says: at every moment at which something came free, the first in line takes it, and goes to the end.
 * First are those who were overtaken too often, as they came; then the others by priority, and as they came. No two things happen at once.
 */
export function naiveStarts(runs: readonly LinedRun[], limit: number, maxOvertakes: number): LinedStart[] {
  const starts: LinedStart[] = [];
  const left = runs.map(({ durations }) => [...durations]);
  const isGone = runs.map(() => false);
  let working: { readonly run: number; readonly end: number }[] = [];
  let line: Waiting[] = [];
  let moments = 0;

  const start = (run: number, since: number, now: number): void => {
    // Only who hasn't enough for it was overtaken.
    for (const other of line) if (other.since < since && working.length + 2 > limit) other.overtaken++;
    working.push({ run, end: now + (left[run]?.shift() ?? 0) });
    starts.push([now, run]);
  };
  const enter = (run: number): void => {
    // Who has all of it doesn't wait for more.
    const held = working.filter((other) => other.run === run).length;
    const isInLine = line.some((other) => other.run === run);
    if ((left[run]?.length ?? 0) > 0 && held < limit && !isInLine)
      line.push({ run, since: ++moments, overtaken: 0 });
  };
  const serve = (now: number): void => {
    while (working.length < limit && line.length > 0) {
      const isBarrier = ({ overtaken }: Waiting): boolean => overtaken >= maxOvertakes;
      const priorityOf = ({ run }: Waiting): number => runs[run]?.priority ?? 0;
      const [first] = line.toSorted((one, other) => {
        if (isBarrier(one) !== isBarrier(other)) return isBarrier(one) ? -1 : 1;
        if (!isBarrier(one) && priorityOf(one) !== priorityOf(other))
          return priorityOf(other) - priorityOf(one);
        return one.since - other.since;
      });
      const next = first as Waiting;
      line = line.filter((other) => other !== next);
      start(next.run, next.since, now);
      enter(next.run);
    }
  };
  const come = (run: number, now: number): void => {
    while (working.length < limit && line.length === 0 && (left[run]?.length ?? 0) > 0)
      start(run, Infinity, now);
    enter(run);
  };
  const cancel = (run: number, now: number): void => {
    isGone[run] = true;
    line = line.filter((other) => other.run !== run);
    working = working.filter((other) => other.run !== run);
    serve(now);
  };

  const acts = runs.flatMap(({ at, cancelAt }, run) => [
    { at, act: come, run },
    ...(cancelAt === undefined ? [] : [{ at: cancelAt, act: cancel, run }]),
  ]);
  while (acts.length > 0 || working.length > 0) {
    const [nextAct] = acts.toSorted((one, other) => one.at - other.at);
    const [nextEnd] = working.toSorted((one, other) => one.end - other.end);
    if (nextAct !== undefined && (nextEnd === undefined || nextAct.at < nextEnd.end)) {
      acts.splice(acts.indexOf(nextAct), 1);
      if (isGone[nextAct.run] !== true) nextAct.act(nextAct.run, nextAct.at);
    } else if (nextEnd !== undefined) {
      working = working.filter((other) => other !== nextEnd);
      if (isGone[nextEnd.run] !== true) come(nextEnd.run, nextEnd.end);
      serve(nextEnd.end);
    }
  }
  return starts;
}

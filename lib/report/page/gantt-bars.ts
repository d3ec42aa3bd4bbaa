import type { AttemptSpan } from '../attempt-spans.ts';
import { laneClass, lanesOf } from '../lanes.ts';
import type { Timeline } from '../timeline.ts';

/** An attempt, and the row in which it is drawn. */
export interface Bar {
  readonly span: AttemptSpan;
  readonly row: number;
  readonly to: number;
}

/** Rows that belong together. */
interface Band {
  readonly name: string;
  readonly row: number;
  /** The step whose children these are. */
  readonly hostId: string | undefined;
}

/** What is drawn of a run: bars in rows, each row in the order of time, and the names of the rows. */
export interface Bars {
  readonly rows: readonly (readonly Bar[])[];
  readonly bands: readonly Band[];
  readonly count: number;
}

/** By what rows are made. */
export type RowsBy = 'class' | 'worker';

/** Puts attempts into lanes: of their class or worker, and what came of a step that is unfolded below. */
export function barsOf(timeline: Timeline, by: RowsBy, unfolded: ReadonlySet<string>): Bars {
  const rows: Bar[][] = [];
  const bands: Band[] = [];
  let count = 0;
  const add = (name: string, spans: readonly AttemptSpan[], hostId: string | undefined): void => {
    const first = rows.length;
    bands.push({ name, row: first, hostId });
    const ends = spans.map(({ from, to }) => ({ from, to: to ?? timeline.now }));
    for (const [place, lane] of lanesOf(ends).entries()) {
      const span = spans[place] as AttemptSpan;
      const row = rows[first + lane] ?? [];
      rows[first + lane] = row;
      row.push({ span, row: first + lane, to: ends[place]?.to ?? span.from });
    }
    count += spans.length;
  };
  for (const [name, spans] of grouped(by === 'class' ? timeline.attempts : withThread(timeline), (span) =>
    by === 'class' ? laneClass(span.demand) : (span.thread ?? ''),
  ))
    add(name, spans, undefined);
  if (by === 'class') {
    const within = grouped(timeline.attemptsWithin, ({ stepId }) => timeline.storyOf(stepId)?.parentId ?? '');
    for (const [hostId, spans] of within) if (unfolded.has(hostId)) add(hostId, spans, hostId);
  }
  return { rows, bands, count };
}

/** Whether workers are known, so that there can be a row for each. */
export function hasWorkers({ attempts, attemptsWithin }: Timeline): boolean {
  const has = ({ thread }: AttemptSpan): boolean => thread !== undefined;
  return attempts.some(has) || attemptsWithin.some(has);
}

function withThread({ attempts, attemptsWithin }: Timeline): AttemptSpan[] {
  return [...attempts, ...attemptsWithin]
    .filter(({ thread }) => thread !== undefined)
    .sort((left, right) => left.from - right.from);
}

function grouped(
  spans: readonly AttemptSpan[],
  nameOf: (span: AttemptSpan) => string,
): ReadonlyMap<string, AttemptSpan[]> {
  const groups = new Map<string, AttemptSpan[]>();
  for (const span of spans) {
    const name = nameOf(span);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [span]);
    else group.push(span);
  }
  return groups;
}

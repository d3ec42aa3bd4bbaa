import type { AttemptSpan } from './attempt-spans.ts';
import { textOf } from './error-text.ts';
import { laneClass, lanesOf } from './lanes.ts';
import { picturedRun } from './pictured-run.ts';
import type { ReportedRun } from './reported-run.ts';
import type { Timeline } from './timeline.ts';
import { type PicturedRun, timelineOf } from './timeline-of.ts';

/** One event of the trace event format. Times in µs from the start of the run. */
export interface TraceEvent {
  /** What it is: `X` a slice, `M` a name, `C` a counter, `i` a moment, `s` and `f` the ends of an arrow. */
  readonly ph: 'X' | 'M' | 'C' | 'i' | 's' | 'f';
  /** The label. */
  readonly name: string;
  /** The process: a resource class. */
  readonly pid: number;
  /** The thread: a lane of the class. */
  readonly tid: number;
  /** When. */
  readonly ts: number;
  /** How long, of a slice. */
  readonly dur?: number;
  /** The kind, for filters. */
  readonly cat?: string;
  /** What an arrow's ends have in common. */
  readonly id?: number;
  /** `e`: an arrow ends at the slice around it. */
  readonly bp?: 'e';
  /** How far a moment reaches: a thread or everything. */
  readonly s?: 't' | 'g';
  /** What is shown beside. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A trace that Perfetto and `chrome://tracing` open. Plain JSON. */
export interface ChromeTrace {
  /** The events, names first. */
  readonly traceEvents: readonly TraceEvent[];
  /** In what times are shown. */
  readonly displayTimeUnit: 'ms';
  /** What the trace is of. */
  readonly otherData: Readonly<Record<string, string>>;
}

/** An attempt in its lane, in µs. */
interface Slice {
  readonly span: AttemptSpan;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
}

/**
 * A run as a trace for https://ui.perfetto.dev or `chrome://tracing`.
 *
 * A process a resource class (the first that a step demands beside memory), a track a lane: as many as attempts ran
 * at once. Arrows lead from a step to those that needed it, and counters tell what is taken of each class.
 * Attempts that still run last up to the latest event. Of what comes of steps while the run is under way, the first ten
 * thousand attempts are there. Linear but for attempts × lanes.
 *
 * @param run - a run, of which everything is there if `record(run)` was called before it started, else a slice a step; or what
 *   `record` or `readJsonLines` gives, or what has the same
 * @throws InvalidOptionsError where it is none of these
 * @example
 * ```ts
 * record(run);
 * await run.result();
 * await writeFile('run.trace.json', JSON.stringify(toChromeTrace(run)));
 * ```
 */
export function toChromeTrace(run: PicturedRun | ReportedRun): ChromeTrace {
  const timeline = timelineOf(picturedRun('toChromeTrace', run));
  const start = timeline.startedAt ?? 0;
  const { slices, names } = slicesOf(timeline, start);
  const leftOut = timeline.leftOut + Math.max(0, timeline.attemptsWithin.length - mostWithin);
  return {
    traceEvents: [
      ...names,
      ...slices.map((slice) => sliceEvent(slice, timeline)),
      ...threadTracks(timeline, start, 1 + Math.max(0, ...slices.map(({ pid }) => pid))),
      ...arrows(slices, timeline),
      ...counters(timeline, start),
      ...moments(timeline, start),
    ],
    displayTimeUnit: 'ms',
    otherData: {
      workflow: timeline.workflow.name,
      runId: timeline.runId ?? '',
      status: timeline.status,
      ...(leftOut > 0 ? { leftOut: `${String(leftOut)} attempts within steps` } : {}),
    },
  };
}

/** So many attempts of what has come of the steps are drawn. */
const mostWithin = 10_000;

/** Of the workflow's own steps, and of what has come of them. */
function attemptsOf({ attempts, attemptsWithin }: Timeline): AttemptSpan[] {
  return [...attempts, ...attemptsWithin.slice(0, mostWithin)].sort((left, right) => left.from - right.from);
}

const us = (at: number, start: number): number => Math.round((at - start) * 1_000);

function slicesOf(timeline: Timeline, start: number): { slices: Slice[]; names: TraceEvent[] } {
  const byClass = new Map<string, AttemptSpan[]>();
  for (const span of attemptsOf(timeline)) {
    const name = laneClass(span.demand);
    const spans = byClass.get(name);
    if (spans === undefined) byClass.set(name, [span]);
    else spans.push(span);
  }
  const slices: Slice[] = [];
  const names: TraceEvent[] = [name('process_name', 0, 0, timeline.workflow.name)];
  let pid = 0;
  for (const [className, spans] of byClass) {
    pid++;
    names.push(name('process_name', pid, 0, className));
    const lanes = lanesOf(spans.map(({ from, to }) => ({ from, to: to ?? timeline.now })));
    for (const lane of new Set(lanes))
      names.push(name('thread_name', pid, lane + 1, `lane ${String(lane + 1)}`));
    for (const [place, span] of spans.entries()) {
      const ts = us(span.from, start);
      const dur = us(span.to ?? timeline.now, start) - ts;
      slices.push({ span, pid, tid: (lanes[place] ?? 0) + 1, ts, dur });
    }
  }
  return { slices, names };
}

/** A track a thread, beside the lanes: what it worked on, without the wait for it. */
function threadTracks(timeline: Timeline, start: number, pid: number): TraceEvent[] {
  const tids = new Map<string, number>();
  const tracks: TraceEvent[] = [];
  for (const span of attemptsOf(timeline)) {
    const { thread, threadFrom } = span;
    if (thread === undefined || threadFrom === undefined) continue;
    if (tids.size === 0) tracks.push(name('process_name', pid, 0, 'threads'));
    let tid = tids.get(thread);
    if (tid === undefined) {
      tid = tids.size + 1;
      tids.set(thread, tid);
      tracks.push(name('thread_name', pid, tid, thread));
    }
    const ts = us(threadFrom, start);
    const dur = us(span.to ?? timeline.now, start) - ts;
    tracks.push(sliceEvent({ span, pid, tid, ts, dur }, timeline));
  }
  return tracks;
}

function name(kind: string, pid: number, tid: number, label: string): TraceEvent {
  return { ph: 'M', name: kind, pid, tid, ts: 0, args: { name: label } };
}

function sliceEvent({ span, pid, tid, ts, dur }: Slice, timeline: Timeline): TraceEvent {
  const { stepId, attempt, outcome, demand = {} } = span;
  const description = timeline.steps.get(stepId)?.info.description;
  const args = { attempt, outcome, demand, description };
  return { ph: 'X', name: stepId, cat: outcome, pid, tid, ts, dur, args };
}

/** From the last attempt of each dependency to the first of the step that needed it. */
function arrows(slices: readonly Slice[], timeline: Timeline): TraceEvent[] {
  const firsts = new Map<string, Slice>();
  const lasts = new Map<string, Slice>();
  for (const slice of slices) {
    if (!firsts.has(slice.span.stepId)) firsts.set(slice.span.stepId, slice);
    lasts.set(slice.span.stepId, slice);
  }
  const found: TraceEvent[] = [];
  let id = 0;
  for (const [stepId, to] of firsts) {
    for (const dependency of timeline.steps.get(stepId)?.info.dependsOn ?? []) {
      const from = lasts.get(dependency);
      if (from === undefined) continue;
      id++;
      // Within the slice, not at its end, which may be the beginning of the next one in its lane.
      const ts = from.ts + Math.max(0, from.dur - 1);
      const common = { name: 'needs', cat: 'dependency', id };
      found.push({ ph: 's', ...common, pid: from.pid, tid: from.tid, ts });
      found.push({ ph: 'f', ...common, pid: to.pid, tid: to.tid, ts: Math.max(ts, to.ts), bp: 'e' });
    }
  }
  return found;
}

function counters(timeline: Timeline, start: number): TraceEvent[] {
  return [...timeline.usage].flatMap(([className, points]) =>
    points.map(({ at, taken }): TraceEvent => {
      const label = className === 'memory' ? 'memory held (bytes)' : `${className} in use`;
      return { ph: 'C', name: label, pid: 0, tid: 0, ts: us(at, start), args: { taken } };
    }),
  );
}

function moments(timeline: Timeline, start: number): TraceEvent[] {
  return timeline.remarks.map(({ kind, at, stepId, message, error }) => ({
    ph: 'i',
    name: stepId === undefined ? kind : `${kind}: ${stepId}`,
    cat: kind,
    pid: 0,
    tid: 0,
    ts: us(at, start),
    s: 'g',
    args: error === undefined ? { message } : { message, cause: textOf(error) },
  }));
}

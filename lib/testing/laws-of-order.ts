import { law } from './law.ts';
import { type RecordedStep, storyOf } from './recording.ts';

// What comes before what, and how often.

const stepEnds = new Set(['step-completed', 'step-failed', 'step-cancelled', 'step-skipped']);
const attemptEnds = new Set([...stepEnds, 'step-retrying']);
const runEnds = new Set(['run-completed', 'run-failed', 'run-cancelled']);

/**
 * No step starts, and no function is called, before all that it depends on has completed; but that of a decision isn't needed again
 * in a run that is resumed.
 */
export const dependenciesFirst = law('dependencies first', (recording) => {
  const needs = new Map(recording.steps.map((step) => [step.id, simpleNeeds(step)]));
  const completed = new Set<string>();
  const broken: string[] = [];
  let isResumed = false;
  for (const entry of recording.trace) {
    if (entry.kind === 'event' && entry.event.type === 'run-started')
      isResumed = entry.event.resumed === true;
    if (entry.kind === 'event' && entry.event.type === 'step-completed') completed.add(entry.event.stepId);
    if (entry.kind === 'event' && entry.event.type === 'step-skipped' && isResumed)
      completed.add(entry.event.stepId);
    const started =
      entry.kind === 'call'
        ? entry.stepId
        : entry.kind === 'event' && entry.event.type === 'step-started'
          ? entry.event.stepId
          : undefined;
    if (started === undefined) continue;
    const early = needs.get(started)?.find((needed) => !completed.has(needed));
    if (early !== undefined)
      broken.push(`'${started}' started before '${early}' had completed (${storyOf(recording, started)})`);
  }
  return broken;
});

/** The steps whose outputs a step waits for. */
function simpleNeeds({ dependsOn, specialNeeds }: RecordedStep): readonly string[] {
  return dependsOn.filter((needed) => !specialNeeds.some(({ stepId }) => stepId === needed));
}

/** A step that waits for its dependencies to be settled starts no earlier; one that runs beside them starts with them. */
export const streamsTogether = law('streams together', (recording) => {
  const streams = recording.steps.flatMap(({ id, specialNeeds }) =>
    specialNeeds.filter(({ as }) => as === 'stream').map(({ stepId }) => [stepId, id] as const),
  );
  const startedAt = new Map<string, number>();
  for (const event of recording.events)
    if (event.type === 'step-started' && !startedAt.has(event.stepId)) startedAt.set(event.stepId, event.at);
  return streams.flatMap(([producer, consumer]) => {
    const [from, to] = [startedAt.get(producer), startedAt.get(consumer)];
    if (from === undefined || to === undefined || from === to) return [];
    return [
      `'${consumer}' reads what '${producer}' emits, but they started at ${String(to)} and ${String(from)} ms`,
    ];
  });
});

/**
 * What was skipped never started; and the steps that come of another come while that one runs, and end before it does, unless nobody
 * needs them any more.
 */
export const partsBeforeTheWhole = law('parts before the whole', (recording) => {
  const open = new Map<string, Set<string>>();
  const parentOf = new Map<string, string>();
  /** Those of the parts that are there now: what is tried again brings its parts again. */
  const started = new Set<string>();
  /** Whom nobody needs any more may take its time to stop. */
  const unneeded = new Set(
    recording.events.flatMap((event) =>
      event.type === 'step-cancelled' && event.because !== undefined ? [event.stepId] : [],
    ),
  );
  const running = new Set<string>();
  const broken: string[] = [];
  for (const event of recording.events) {
    if (event.type === 'step-added') {
      if (!running.has(event.parentId))
        broken.push(
          `'${event.stepId}' came of '${event.parentId}', which did not run (${storyOf(recording, event.parentId)})`,
        );
      started.delete(event.stepId);
      parentOf.set(event.stepId, event.parentId);
      if (!unneeded.has(event.stepId))
        open.set(event.parentId, (open.get(event.parentId) ?? new Set()).add(event.stepId));
    } else if ('stepId' in event && stepEnds.has(event.type)) {
      open.get(parentOf.get(event.stepId) ?? '')?.delete(event.stepId);
      const [left] = open.get(event.stepId) ?? [];
      if (left !== undefined) broken.push(`'${event.stepId}' ended before '${left}', which came of it`);
      if (event.type === 'step-skipped' && started.has(event.stepId))
        broken.push(`'${event.stepId}' was skipped, but had started (${storyOf(recording, event.stepId)})`);
      running.delete(event.stepId);
    } else if (event.type === 'step-started') {
      started.add(event.stepId);
      running.add(event.stepId);
    }
  }
  return broken;
});

/** Attempts follow each other, are numbered from 1 without gaps, start once and call the step's function at most once. */
export const exactlyOnce = law('exactly once', (recording) => {
  const started = new Map<string, number>();
  const called = new Map<string, number>();
  const running = new Set<string>();
  const broken: string[] = [];
  for (const entry of recording.trace) {
    // A nested workflow that is tried again brings its steps again.
    if (entry.kind === 'event' && entry.event.type === 'step-added') {
      started.delete(entry.event.stepId);
      called.delete(entry.event.stepId);
    }
    if (entry.kind === 'event' && attemptEnds.has(entry.event.type) && 'stepId' in entry.event)
      running.delete(entry.event.stepId);
    if (entry.kind === 'event' && entry.event.type === 'step-started') {
      const { stepId, attempt } = entry.event;
      if (running.has(stepId))
        broken.push(
          `attempt ${String(attempt)} of '${stepId}' started while one ran (${storyOf(recording, stepId)})`,
        );
      running.add(stepId);
      if (attempt !== (started.get(stepId) ?? 0) + 1)
        broken.push(
          `attempt ${String(attempt)} of '${stepId}' is out of turn (${storyOf(recording, stepId)})`,
        );
      started.set(stepId, attempt);
    } else if (entry.kind === 'call') {
      const { stepId, attempt } = entry;
      if (attempt !== started.get(stepId) || attempt <= (called.get(stepId) ?? 0))
        broken.push(
          `attempt ${String(attempt)} of '${stepId}' called its function out of turn (${storyOf(recording, stepId)})`,
        );
      called.set(stepId, attempt);
    }
  }
  return broken;
});

/** Each step ends once: it completes, fails, is cancelled or skipped. */
export const oneEndAStep = law('one end a step', (recording) => {
  const ends = new Map<string, number>(recording.steps.map(({ id }) => [id, 0]));
  const begun = new Map<string, number>(recording.steps.map(({ id }) => [id, 1]));
  for (const event of recording.events) {
    if (event.type === 'step-added') begun.set(event.stepId, (begun.get(event.stepId) ?? 0) + 1);
    if ('stepId' in event && stepEnds.has(event.type))
      ends.set(event.stepId, (ends.get(event.stepId) ?? 0) + 1);
  }
  return [...begun]
    .filter(([id, count]) => (ends.get(id) ?? 0) !== count)
    .map(([id]) => `'${id}' ended ${String(ends.get(id) ?? 0)} times (${storyOf(recording, id)})`);
});

/** The run ends once, and neither an event nor a call of a function or a clean-up comes after that. */
export const nothingAfterTheEnd = law('nothing after the end', ({ trace, events }) => {
  const ends = events.filter(({ type }) => runEnds.has(type));
  if (ends.length !== 1) return [`the run ended ${String(ends.length)} times`];
  const place = trace.findIndex((entry) => entry.kind === 'event' && runEnds.has(entry.event.type));
  return trace
    .slice(place + 1)
    .flatMap((entry) =>
      entry.kind === 'quiet'
        ? []
        : entry.kind === 'event'
          ? [`${entry.event.type} came after the end`]
          : [`the ${entry.kind} of '${entry.stepId}' came after the end`],
    );
});

/** Events are numbered without gaps, and time never goes back. */
export const eventsInOrder = law('events in order', ({ events }) =>
  events.flatMap((event, place) => {
    const before = events[place - 1];
    if (before === undefined) return [];
    const broken: string[] = [];
    if (event.seq !== before.seq + 1)
      broken.push(
        `event ${String(event.seq)} (${event.type}) follows event ${String(before.seq)} (${before.type})`,
      );
    if (event.at < before.at)
      broken.push(`${event.type} at ${String(event.at)} ms follows ${String(before.at)} ms`);
    return broken;
  }),
);

/**
 * Where the run didn't complete, each completed step that has a clean-up is cleaned up once, the last one first, and then those that an
 * earlier run had done; else none. What was given or found in the cache is others' work.
 */
export const cleanUpsInReverse = law('clean-ups in reverse order', (recording) => {
  const hasCleanUp = new Set(recording.steps.filter((step) => step.hasCleanUp).map(({ id }) => id));
  const completed: string[] = [];
  const restored = new Set<string>();
  for (const event of recording.events) {
    if (event.type !== 'step-completed' || !hasCleanUp.has(event.stepId)) continue;
    if (event.restored === true) restored.add(event.stepId);
    else if (event.given !== true && event.cached !== true) completed.push(event.stepId);
  }
  const cleaned = recording.trace.flatMap((entry) => (entry.kind === 'cleanup' ? [entry.stepId] : []));
  const earlier = cleaned.slice(completed.length);
  // In which order an earlier run has completed them isn't told.
  const isReversed = earlier.length === restored.size && earlier.every((id) => restored.delete(id));
  const expected =
    recording.outcome.kind === 'completed'
      ? []
      : [...completed.reverse(), ...(isReversed ? earlier : restored)];
  if (cleaned.join() === expected.join()) return [];
  return [`cleaned up: ${cleaned.join(', ') || 'nothing'}; expected: ${expected.join(', ') || 'nothing'}`];
});

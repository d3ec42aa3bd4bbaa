/**
 * Matchers for Vitest.
 *
 * @module millrace/testing/vitest
 */
import { expect } from 'vitest';
import { type Duration, durationExpected, parseDuration } from '../base/durations.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { hintInBrackets } from '../base/nearest.ts';
import { type Recording, storyOf } from './recording.ts';
import { ResourcesOverTime } from './resources-over-time.ts';

/** What can be expected of a recording in Vitest, once `millrace/testing/vitest` is imported. */
export interface RecordingMatchers<Result> {
  /** The first step had ended before the second started. Holds where the second never started. */
  toRunBefore: (first: string, second: string) => Result;
  /** There was a time at which both steps ran. */
  toOverlap: (first: string, second: string) => Result;
  /** At no time the running steps held more of the resource class than that. */
  toNeverExceed: (resource: string, most: number) => Result;
  /** The run was cancelled, and was over within the time from when what ran was told to stop; in ms, or with a unit. */
  toBeCancelledWithin: (time: Duration) => Result;
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type -- vitest declares it so
  interface Matchers<T = any> extends RecordingMatchers<T> {}
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const attemptEnds = new Set(['step-completed', 'step-failed', 'step-cancelled', 'step-retrying']);

expect.extend({
  toRunBefore(received: unknown, first: string, second: string) {
    const recording = recordingOf('toRunBefore', received);
    const end = spansOf(recording, first).at(-1)?.end ?? Infinity;
    const start = spansOf(recording, second)[0]?.start ?? Infinity;
    return verdict(start === Infinity || end <= start, `'${first}' to run before '${second}'`, recording, [
      first,
      second,
    ]);
  },
  toOverlap(received: unknown, first: string, second: string) {
    const recording = recordingOf('toOverlap', received);
    const others = spansOf(recording, second);
    const overlaps = spansOf(recording, first).some(({ start, end }) =>
      others.some((other) => start < other.end && other.start < end),
    );
    return verdict(overlaps, `'${first}' and '${second}' to run at the same time`, recording, [
      first,
      second,
    ]);
  },
  toNeverExceed(received: unknown, resource: string, most: number) {
    const recording = recordingOf('toNeverExceed', received);
    if (!(resource in recording.limits))
      throw noSuch(
        'toNeverExceed',
        'resource class that steps demand',
        resource,
        Object.keys(recording.limits),
      );
    const resources = new ResourcesOverTime(recording);
    let peak = 0;
    let holders: string[] = [];
    let peakAt = 0;
    for (const entry of recording.trace) {
      resources.heed(entry);
      const taken = resources.taken.get(resource) ?? 0;
      if (entry.kind !== 'event' || taken <= peak) continue;
      peak = taken;
      peakAt = entry.event.at;
      holders = resources.holders.filter((id) => resource in resources.demandOf(id));
    }
    const told = `at ${String(peakAt)} ms ${holders.join(', ')} held ${String(peak)}`;
    return {
      pass: peak <= most,
      message: () =>
        `expected '${resource}' ${peak <= most ? 'to' : 'never to'} exceed ${String(most)}; ${told}`,
    };
  },
  toBeCancelledWithin(received: unknown, time: Duration) {
    const recording = recordingOf('toBeCancelledWithin', received);
    const ms = parseDuration(time);
    if (ms === undefined)
      throw new InvalidOptionsError('toBeCancelledWithin', [
        { option: 'the time', expected: durationExpected, value: time },
      ]);
    const last = recording.events.at(-1);
    const took = (last?.at ?? Number.NaN) - (recording.stoppedAt ?? Number.NaN);
    const isCancelled = last?.type === 'run-cancelled';
    const told = isCancelled ? `it took ${String(took)} ms` : `it ended with ${last?.type ?? 'nothing'}`;
    const pass = isCancelled && took <= ms;
    return {
      pass,
      message: () => `expected the run ${pass ? 'not ' : ''}to be cancelled within ${String(ms)} ms; ${told}`,
    };
  },
});

function verdict(pass: boolean, what: string, recording: Recording, ids: readonly string[]) {
  return {
    pass,
    message: () =>
      `expected ${pass ? `not ${what}` : what}\n${ids.map((id) => `  ${storyOf(recording, id)}`).join('\n')}`,
  };
}

/** When the attempts of a step ran, in places of the trace, so that one that ends lets another start at the same time. */
function spansOf({ steps, events }: Recording, id: string): Span[] {
  const ids = steps.map((step) => step.id);
  if (!ids.includes(id)) throw noSuch('the recording', 'step of the workflow', id, ids);
  const spans: Span[] = [];
  for (const event of events) {
    if (!('stepId' in event) || event.stepId !== id) continue;
    const open = spans.at(-1);
    if (event.type === 'step-started') spans.push({ start: event.seq, end: Infinity });
    else if (attemptEnds.has(event.type) && open?.end === Infinity)
      spans[spans.length - 1] = { start: open.start, end: event.seq };
  }
  return spans;
}

function recordingOf(matcher: string, received: unknown): Recording {
  const { trace, events, steps } = (received ?? {}) as Partial<Recording>;
  if (Array.isArray(trace) && Array.isArray(events) && Array.isArray(steps)) return received as Recording;
  throw new InvalidOptionsError(matcher, [
    { option: 'what is expected of', expected: 'a recording, as runInVirtualTime gives', value: received },
  ]);
}

function noSuch(owner: string, what: string, name: string, known: readonly string[]): InvalidOptionsError {
  return new InvalidOptionsError(owner, [
    { option: `'${name}'`, expected: `a ${what}${hintInBrackets(name, known)}`, value: name },
  ]);
}

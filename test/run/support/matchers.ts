import type { ProgressEvent } from 'millrace';
import { expect } from 'vitest';

interface RunMatchers<R> {
  /** The events tell that the first step had completed before the second started. */
  toRunBefore(first: string, second: string): R;
  /** The events tell that the steps ran at the same time. */
  toRunTogether(first: string, second: string): R;
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type -- vitest declares it so
  interface Matchers<T = any> extends RunMatchers<T> {}
}

const ends = ['step-completed', 'step-failed', 'step-cancelled'];

function span(events: readonly ProgressEvent[], stepId: string): readonly [start: number, end: number] {
  const own = events.filter((event) => 'stepId' in event && event.stepId === stepId);
  const start = own.find(({ type }) => type === 'step-started');
  const end = own.find(({ type }) => ends.includes(type));
  return [start?.seq ?? Number.NaN, end?.seq ?? Infinity];
}

expect.extend({
  toRunBefore(events: readonly ProgressEvent[], first: string, second: string) {
    const pass = span(events, first)[1] < span(events, second)[0];
    return {
      pass,
      message: () => `expected '${first}' ${pass ? 'not ' : ''}to have ended before '${second}' started`,
    };
  },
  toRunTogether(events: readonly ProgressEvent[], first: string, second: string) {
    const [start, end] = span(events, first);
    const [otherStart, otherEnd] = span(events, second);
    const pass = start < otherEnd && otherStart < end;
    return {
      pass,
      message: () => `expected '${first}' and '${second}' ${pass ? 'not ' : ''}to run at the same time`,
    };
  },
});

import { test } from '@fast-check/vitest';
import { plan as planned } from 'millrace/simulate';
import {
  checkLaws,
  composition,
  expectLawful,
  type Part,
  type Recording,
  runInVirtualTime,
} from 'millrace/testing';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect } from 'vitest';
import { cases } from './support/effort.ts';
import { NaivePart } from './support/naive-part.ts';

const options = (numRuns: number) => ({ numRuns: cases(numRuns), endOnFailure: false });

/** What it comes to, and when. */
interface Course {
  readonly outcome: unknown;
  readonly at: number;
}

function naiveCourse(part: Part): Course & { readonly isTied: boolean } {
  const time = new VirtualTimeScheduler();
  let course: Course = { outcome: 'nothing', at: Number.NaN };
  let isTied = false;
  const onTie = (): void => {
    isTied = true;
  };
  new NaivePart(time, onTie).whole(part).subscribe({
    next: (out) => {
      course = { outcome: { out }, at: time.now() };
    },
    error: () => {
      course = { outcome: 'failed', at: time.now() };
    },
  });
  time.flush();
  return { ...course, isTied };
}

function courseOf({ events, outcome }: Recording): Course {
  // A step that nobody needs any more, but that nobody stopped either, may hold up the end of the run.
  const end = events.find(
    (event) =>
      event.type === 'run-failed' ||
      ((event.type === 'step-completed' || event.type === 'step-skipped') && event.stepId === 'out'),
  );
  return {
    outcome: outcome.kind === 'completed' ? outcome.outputs : 'failed',
    at: end?.at ?? Number.NaN,
  };
}

describe('the engine', () => {
  test.prop(
    [composition({ resources: false, cancels: false, stubborn: false, goingOn: false, ties: false })],
    options(800),
  )('comes to what RxJS alone makes of it, at the same moment', async (composed) => {
    const naive = naiveCourse(composed.plan);
    const { laws, ...rest } = composed.options;
    const recording = await runInVirtualTime(composed.workflow, rest);
    const course = courseOf(recording);
    if (!naive.isTied) {
      expect(course.outcome).toEqual(naive.outcome);
      expect(course.at).toBeCloseTo(naive.at, 6);
    }
    checkLaws(recording, laws);
  });

  test.prop([composition()], options(800))(
    'comes to what the plan says and breaks no law, within limits, with bodies that don’t stop and cancels at any time',
    async ({ workflow, options: given }) => {
      await expectLawful(workflow, given);
    },
  );

  test.prop([composition({ stubborn: false, goingOn: false })], options(200))(
    'does so in an order that was planned, whichever way it goes',
    async ({ workflow, options: given }) => {
      const { limits, concurrency } = given;
      await expectLawful(workflow, {
        ...given,
        plan: planned(workflow, { limits, concurrency, schedules: 5 }),
      });
    },
  );
});

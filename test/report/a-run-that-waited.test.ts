import { defineWorkflow, type ProgressEvent, sharedLimits } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { timer } from 'rxjs';
import { expect, test } from 'vitest';
import { timelineOf } from '../../lib/report/timeline-of.ts';

test('a report tells that a run waits for others, and of limits that changed meanwhile', () => {
  const time = new VirtualTime();
  const { scheduler } = time;
  const shared = sharedLimits({ db: 4, runs: 1 });
  const query = { id: 'query', resource: 'db', run: () => timer(100, scheduler) };
  const [first, next] = ['first', 'next'].map((name) =>
    defineWorkflow(name, [query]).run({ scheduler, shared }),
  );
  const events: ProgressEvent[] = [];
  next?.progress$.subscribe((event) => events.push(event));
  first?.result$.subscribe();
  next?.result$.subscribe();
  const picture = { workflow: { name: 'next', steps: next?.workflow.steps ?? [] }, limits: { db: 4 } };
  expect(timelineOf({ ...picture, events: [...events] })).toMatchObject({
    status: 'waiting',
    startedAt: undefined,
  });
  scheduler.schedule(() => {
    shared.setLimits({ db: 2 });
  }, 50);
  time.flush();
  const timeline = timelineOf({ ...picture, events });
  expect(timeline).toMatchObject({ status: 'completed', startedAt: 100, endedAt: 200 });
  expect(timeline.capacity.get('db')).toStrictEqual([
    { at: 50, taken: 2 },
    { at: 100, taken: 2 },
  ]);
  expect(timeline.usage.get('db')).toStrictEqual([
    { at: 100, taken: 1 },
    { at: 200, taken: 0 },
  ]);
});

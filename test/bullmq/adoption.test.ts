import { type ProgressEvent, StepFailedError, step, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { expect, test } from 'vitest';
import { MemoryPlace, memoryBackend } from '../../lib/store/memory-backend.ts';
import { QueueStage } from './support/stage.ts';

const leaseMs = 1000;

interface Flow {
  readonly task?: 'wait' | 'breakOnce';
  readonly ms?: number;
  readonly retry?: number;
  readonly steps?: number;
}

/** A run whose process is gone after half a second, and that others go on with. */
class AdoptedRun {
  readonly stage = new QueueStage(leaseMs);
  readonly #place = new MemoryPlace();
  readonly #flow: Required<Flow>;

  constructor(flow: Flow) {
    this.#flow = { task: 'wait', ms: 2000, retry: 0, steps: 1, ...flow };
  }

  /** What the process says that begins it, and how it is ended. */
  begin() {
    const { remote, end } = this.stage.coordinator({ takeoverWait: 60_000 });
    const backend = memoryBackend(this.#place);
    return {
      ...this.#run(remote, new Store(backend)),
      die: () => {
        end.setUp(false);
        backend.abandon();
      },
    };
  }

  goOn() {
    const { remote } = this.stage.coordinator({ workerWait: 5000 });
    return { ...this.#run(remote, new Store(memoryBackend(this.#place))), remote };
  }

  #run(remote: ReturnType<QueueStage['coordinator']>['remote'], store: Store) {
    const { task, ms, retry, steps } = this.#flow;
    const all = Array.from({ length: steps }, (_, at) => {
      const id = `s${String(at)}`;
      return [
        id,
        step(
          id,
          remote.task(task, () => ms),
          { retry, resource: {} },
        ),
      ] as const;
    });
    const events: ProgressEvent[] = [];
    const run = workflow('w', Object.fromEntries(all)).run({
      scheduler: this.stage.time.scheduler,
      store,
      runId: 'nightly',
    });
    run.progress$.subscribe((event) => events.push(event));
    const outcome: { value?: unknown; error?: unknown } = {};
    run.result().then(
      (value) => {
        outcome.value = value;
      },
      (error: unknown) => {
        outcome.error = error;
      },
    );
    return { run, events, outcome };
  }
}

async function died(adopted: AdoptedRun): Promise<void> {
  const { die } = adopted.begin();
  await adopted.stage.advanceTo(500);
  die();
}

function retries(events: readonly ProgressEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'step-retrying' ? [event.error] : []));
}

test.for([100, 5000])(
  'a task that failed %i ms after its coordinator died is tried again, as the step says',
  async (later) => {
    const adopted = new AdoptedRun({ task: 'breakOnce', ms: 500 + later, retry: 1 });
    adopted.stage.worker('a', 1);
    await died(adopted);
    await adopted.stage.advanceTo(1000);
    const { outcome, events } = adopted.goOn();
    await adopted.stage.advanceTo(30_000);
    expect(outcome).toStrictEqual({ value: { s0: 500 + later } });
    expect(retries(events)).toMatchObject([{ message: 'it breaks once' }]);
    expect(adopted.stage.works.map(({ how }) => how)).toStrictEqual(['failed', 'done']);
  },
);

test('without a retry the step fails with what the task has thrown', async () => {
  const adopted = new AdoptedRun({ task: 'breakOnce', ms: 600 });
  adopted.stage.worker('a', 1);
  await died(adopted);
  await adopted.stage.advanceTo(5000);
  const { outcome } = adopted.goOn();
  await adopted.stage.advanceTo(10_000);
  expect(outcome.error).toBeInstanceOf(StepFailedError);
  expect((outcome.error as StepFailedError).cause).toMatchObject({
    name: 'RangeError',
    message: 'it breaks once',
  });
  expect(adopted.stage.works).toHaveLength(1);
});

test('what its worker was lost with while nobody was there is done again, which is no failure', async () => {
  const adopted = new AdoptedRun({ ms: 5000 });
  const lost = adopted.stage.worker('a', 1);
  await died(adopted);
  lost.end.setUp(false);
  adopted.stage.worker('b', 1);
  await adopted.stage.advanceTo(10_000);
  const { outcome, events } = adopted.goOn();
  await adopted.stage.advanceTo(20_000);
  expect(outcome).toStrictEqual({ value: { s0: 5000 } });
  expect(retries(events)).toStrictEqual([]);
  expect(adopted.stage.works.map(({ worker, how }) => [worker, how])).toStrictEqual([
    ['a', 'stopped'],
    ['b', 'done'],
  ]);
});

test('what its worker is lost with once somebody has taken it over is a failure as any', async () => {
  const adopted = new AdoptedRun({ ms: 5000, retry: 1 });
  const lost = adopted.stage.worker('a', 1);
  await died(adopted);
  const { outcome, events } = adopted.goOn();
  await adopted.stage.advanceTo(1000);
  adopted.stage.worker('b', 1);
  lost.end.setUp(false);
  await adopted.stage.advanceTo(20_000);
  expect(outcome).toStrictEqual({ value: { s0: 5000 } });
  expect(retries(events)).toMatchObject([{ code: 'WORKER_LOST', worker: 'a' }]);
});

test('what waits in the lane of workers that have gone is done by others', async () => {
  const adopted = new AdoptedRun({ ms: 1000, steps: 2 });
  const first = adopted.stage.worker('a', 1);
  await died(adopted);
  void first.server.close(true);
  await adopted.stage.advanceTo(3000);
  // They have other tasks too, say.
  adopted.stage.worker('b', 1, 'stage.2');
  const { outcome } = adopted.goOn();
  await adopted.stage.advanceTo(20_000);
  expect(outcome).toStrictEqual({ value: { s0: 1000, s1: 1000 } });
  expect(adopted.stage.works.map(({ worker, how }) => [worker, how])).toStrictEqual([
    ['a', 'done'],
    ['b', 'done'],
  ]);
});

test('what waits in a lane that nobody serves any more fails where nobody comes', async () => {
  const adopted = new AdoptedRun({ ms: 1000, steps: 2 });
  const first = adopted.stage.worker('a', 1);
  await died(adopted);
  void first.server.close(true);
  await adopted.stage.advanceTo(3000);
  const { outcome } = adopted.goOn();
  await adopted.stage.advanceTo(20_000);
  expect(outcome.error).toMatchObject({ cause: { code: 'NO_REMOTE_WORKER' } });
});

test('what the queue has forgotten meanwhile is done again', async () => {
  const adopted = new AdoptedRun({ ms: 1000, steps: 2 });
  const first = adopted.stage.worker('a', 1);
  await died(adopted);
  void first.server.close(true);
  await adopted.stage.advanceTo(3000);
  adopted.stage.broker.flush();
  adopted.stage.worker('b', 2);
  const { outcome } = adopted.goOn();
  await adopted.stage.advanceTo(20_000);
  expect(outcome).toStrictEqual({ value: { s0: 1000, s1: 1000 } });
});

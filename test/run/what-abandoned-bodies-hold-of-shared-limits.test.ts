import { type StepFailedError, step, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { idleUsage, Sharing } from './support/sharing.ts';
import { type Watched, watch } from './support/watch.ts';

/** A body that never stops by itself, and how to end it. */
class Stubborn {
  end: () => void = () => undefined;

  readonly body = (): Promise<string> =>
    new Promise((resolve) => {
      this.end = () => {
        resolve('late');
      };
    });
}

/** A run whose one step is abandoned at 20 ms, with so much of `db`; the run ends then. */
function deafRun(sharing: Sharing, { body }: Stubborn, amount = 1, id = 'deaf'): Watched<unknown> {
  const only = step('only', body, { resource: { db: amount }, timeout: 10 });
  return watch(workflow(id, { only }), sharing.time, { runId: id, shared: sharing.shared, gracePeriod: 10 });
}

describe('what an abandoned body holds', () => {
  test('stays held when its run is over, until it stops', async () => {
    const sharing = new Sharing({ db: 1, runs: 1 });
    const stubborn = new Stubborn();
    const deaf = deafRun(sharing, stubborn);
    const next = sharing.queries('next', 1);
    sharing.time.advanceTo(100);
    expect(deaf.isOver).toBe(true);
    expect(next.the('run-started').at).toBe(20);
    expect(sharing.starts).toStrictEqual([]);
    expect(sharing.shared.usage()).toMatchObject({
      running: 1,
      inLine: 1,
      resources: { db: { taken: 1, abandoned: 1, waiting: 1 }, runs: { taken: 1 } },
    });
    stubborn.end();
    await settlePromises();
    expect(sharing.starts).toStrictEqual(['100 next s0']);
    expect(sharing.shared.usage().resources['db']).toMatchObject({ taken: 1, abandoned: 0, waiting: 0 });
    sharing.time.flush();
    expect(sharing.shared.usage()).toMatchObject({ ...idleUsage, resources: { db: { taken: 0 } } });
  });

  test('is waited for by runs that need it as long as something else of theirs is under way', async () => {
    const sharing = new Sharing({ db: 1 });
    const stubborn = new Stubborn();
    deafRun(sharing, stubborn);
    const busy = sharing.run('busy', [{}, { resource: 'light-io', ms: 50_000 }], { abandonedWait: '1s' });
    sharing.time.advanceTo(49_000);
    expect(busy.isOver).toBe(false);
    stubborn.end();
    await settlePromises();
    sharing.time.flush();
    expect(busy.result).toStrictEqual({ s0: 10, s1: 50_000 });
  });

  test('is waited for `abandonedWait` long by who has nothing else to do, who then fails and says who holds it', async () => {
    const sharing = new Sharing({ db: 2 }, { name: 'the database' });
    const stubborn = new Stubborn();
    deafRun(sharing, stubborn, 2);
    const waiting = sharing.queries('waiting', 1, { abandonedWait: 1000 });
    const patient = sharing.queries('patient', 1, { abandonedWait: 60_000 });
    sharing.time.advanceTo(2000);
    expect(waiting.the('warning')).toMatchObject({
      at: 20,
      topic: 'waiting',
      stepId: 's0',
      message:
        "step 's0' can't start beside what abandoned bodies hold ('only' of run 'deaf') and fails if none of them has stopped in 1000 ms",
    });
    const { at, error } = waiting.the('run-failed');
    expect(at).toBe(1020);
    expect((error as StepFailedError).cause).toMatchObject({
      code: 'RESOURCE_LIMIT',
      message:
        "step 's0' demands 1 of 'db', but the limit of the shared limits 'the database' is 2, of which abandoned steps hold 2 for good; raise it there or lower the step's demand",
    });
    expect(patient.isOver).toBe(false);
    stubborn.end();
    await settlePromises();
    sharing.time.flush();
    expect(patient.the('step-started').at).toBe(2000);
    expect(patient.the('warning').at).toBe(20);
    expect(sharing.time.planned).toBe(0);
  });

  test('is no longer waited for once enough of it has come back', async () => {
    const sharing = new Sharing({ db: 2 });
    const [first, second] = [new Stubborn(), new Stubborn()];
    deafRun(sharing, first, 1, 'first');
    deafRun(sharing, second, 1, 'second');
    const a = sharing.run('a', [{ ms: 5000 }], { abandonedWait: 1000 });
    const b = sharing.run('b', [{ ms: 5000 }], { abandonedWait: 1000 });
    sharing.time.advanceTo(500);
    first.end();
    await settlePromises();
    // One of them has it, and is no abandoned body: the other waits for that.
    expect(sharing.starts).toStrictEqual(['500 a s0']);
    sharing.time.flush();
    expect([a.error, b.error]).toStrictEqual([undefined, undefined]);
    expect(b.the('step-started').at).toBe(5500);
  });

  test('keeps nobody else waiting, although who waits for it was overtaken often', () => {
    const sharing = new Sharing({ db: 3 }, { maxOvertakes: 0 });
    deafRun(sharing, new Stubborn());
    sharing.time.advanceTo(30);
    // Never again will there be three.
    sharing.run('big', [{ resource: { db: 3 } }], { abandonedWait: '1h' });
    sharing.queries('a', 2);
    expect(sharing.runsOf(30)).toStrictEqual(['a', 'a']);
  });

  test('goes on being told by the run that it was of', async () => {
    const sharing = new Sharing({ db: 2 });
    const stubborn = new Stubborn();
    const { time, shared } = sharing;
    const deaf = step('deaf', stubborn.body, { resource: 'db', timeout: 10 });
    const other = step('other', () => time.after(100, 1));
    const run = watch(workflow('w', { deaf, other }), time, {
      shared,
      gracePeriod: 10,
      onFailure: 'continue',
    });
    time.advanceTo(50);
    expect(run.the('step-failed').holds).toStrictEqual({ db: 1 });
    expect(run.run.snapshot().resources['db']).toStrictEqual({ taken: 1, limit: 2 });
    stubborn.end();
    await settlePromises();
    expect(run.the('holds-changed')).toMatchObject({ holds: {}, abandoned: true });
    expect(shared.usage().resources['db']).toMatchObject({ taken: 0, abandoned: 0 });
  });
});

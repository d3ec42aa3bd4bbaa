import { CancelledError, input, type RunHistory, step, type, workflow } from 'millrace';
import { type Estimate, estimate } from 'millrace/operators';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { watch } from '../run/support/watch.ts';
import { Calls } from './support/calls.ts';
import { known, Place, runId } from './support/place.ts';

/** a → b → c, and d beside. */
function chain(fails: { yes: boolean }) {
  const calls = new Calls();
  const n = input('n', type<number>());
  const a = step('a', { n }, (inputs) => calls.note('a', inputs.n + 1));
  const b = step('b', { a }, (inputs) => {
    calls.note('b', 0);
    if (fails.yes) throw new Error('broken');
    return inputs.a * 2;
  });
  const c = step('c', { b }, (inputs) => calls.note('c', inputs.b + 1));
  const d = step('d', { n }, () => calls.note('d', 'd'));
  return { calls, steps: workflow('chain', { c, d }) };
}

const inputs = { n: 1 };
const done = { c: 5, d: 'd' };

describe('a run that goes on', () => {
  test('after a failure does what is left, and no more', () => {
    const fails = { yes: true };
    const { calls, steps } = chain(fails);
    const place = new Place();
    const first = place.play(steps, { inputs, onFailure: 'continue' });
    expect(first.error).toMatchObject({ name: 'WorkflowFailedError' });
    expect(first.the('run-started')).not.toHaveProperty('resumed');
    expect(calls.take()).toStrictEqual(['a', 'd', 'b']);
    fails.yes = false;
    const second = place.play(steps, { inputs });
    expect(second.result).toStrictEqual(done);
    expect(calls.take()).toStrictEqual(['b', 'c']);
    expect(known(second.events, 'restored').sort()).toStrictEqual(['a', 'd']);
    expectSound(second);
  });

  test('tells first that it is resumed, then what is restored, and then what it does', () => {
    const fails = { yes: true };
    const { steps } = chain(fails);
    const place = new Place();
    place.play(steps, { inputs, onFailure: 'continue' });
    fails.yes = false;
    const { story, events } = place.play(steps, { inputs });
    expect(events[0]).toMatchObject({ type: 'run-started', resumed: true });
    expect(story.slice(1, 3).sort()).toStrictEqual(['step-completed a', 'step-completed d']);
    expect(story.slice(3)).toStrictEqual([
      'step-started b',
      'holds-changed b',
      'step-completed b',
      'step-started c',
      'holds-changed c',
      'step-completed c',
      'run-completed',
    ]);
  });

  test('after a cancel does what is left', () => {
    const calls = new Calls();
    let hangs = true;
    const a = step('a', () => calls.note('a', 1));
    const b = step('b', { a }, () => calls.note('b', hangs ? (NEVER as never) : 2));
    const steps = workflow('w', { b });
    const place = new Place();
    const time = new VirtualTime();
    const first = watch(steps, time, { store: place.store, runId });
    time.advanceTo(5);
    first.run.cancel('enough');
    time.flush();
    expect(first.error).toBeInstanceOf(CancelledError);
    expect(calls.take()).toStrictEqual(['a', 'b']);
    hangs = false;
    expect(place.play(steps).result).toStrictEqual({ b: 2 });
    expect(calls.take()).toStrictEqual(['b']);
  });

  test('after a crash at any line comes to the same, and does nothing again that was written down', () => {
    const { calls, steps } = chain({ yes: false });
    const place = new Place();
    expect(place.play(steps, { inputs }).result).toStrictEqual(done);
    const all = ['a', 'd', 'b', 'c'];
    expect(calls.take()).toStrictEqual(all);
    for (const cut of place.cuts()) {
      const written = all.filter((id) => cut.lines.some((line) => line.startsWith(`["done","${id}"`)));
      const run = cut.play(steps, { inputs });
      expect(run.result).toStrictEqual(done);
      expect(calls.take().sort()).toStrictEqual(all.filter((id) => !written.includes(id)).sort());
      expectSound(run);
    }
  });

  test('and had completed gives its result at once', () => {
    const { calls, steps } = chain({ yes: false });
    const place = new Place();
    place.play(steps, { inputs });
    calls.take();
    for (const _ of [1, 2]) {
      const again = place.play(steps, { inputs });
      expect(again.result).toStrictEqual(done);
      expect(calls.take()).toStrictEqual([]);
      expect(known(again.events, 'restored').sort()).toStrictEqual(['a', 'b', 'c', 'd']);
      expect(again.all('step-started')).toStrictEqual([]);
      expect(again.ends).toStrictEqual(['result$', 'progress$']);
    }
  });

  test('and has another id begins anew', () => {
    const { calls, steps } = chain({ yes: false });
    const place = new Place();
    place.play(steps, { inputs });
    calls.take();
    const other = place.play(steps, { inputs, runId: 'weekly' });
    expect(other.the('run-started')).not.toHaveProperty('resumed');
    expect(calls.take()).toStrictEqual(['a', 'd', 'b', 'c']);
  });

  test('is told of by the store as it ended', async () => {
    const fails = { yes: true };
    const { steps } = chain(fails);
    const place = new Place();
    place.play(steps, { inputs });
    expect(await place.store.runs()).toMatchObject([{ runId, workflow: 'chain', status: 'failed' }]);
    fails.yes = false;
    place.play(steps, { inputs });
    expect(await place.store.runs()).toMatchObject([{ status: 'completed', completed: 4 }]);
    const crashed = place.cutAfterStep('a');
    expect(await crashed.store.runs()).toMatchObject([{ status: 'interrupted', completed: 1 }]);
    await place.store.remove(runId);
    expect(await place.store.runs()).toStrictEqual([]);
  });

  test('teaches a history nothing of what it restored', () => {
    const time = new VirtualTime();
    const a = step('a', () => time.after(50, 'a'));
    const b = step('b', { a }, () => time.after(70, 'b'));
    const steps = workflow('w', { b });
    const place = new Place();
    const first = watch(steps, time, { store: place.store, runId });
    time.flush();
    expect(first.result).toStrictEqual({ b: 'b' });
    const history: RunHistory = {};
    const later = watch(steps, time, { store: place.cutAfterStep('a').store, runId, history });
    time.flush();
    expect(later.result).toStrictEqual({ b: 'b' });
    expect(JSON.stringify(history)).not.toContain('"a"');
    expect(JSON.stringify(history)).toContain('"b"');
    // And of a run that was all restored, nothing at all.
    const nothing: RunHistory = {};
    place.play(steps, { history: nothing });
    expect(JSON.stringify(nothing)).not.toContain('"a"');
    expect(JSON.stringify(nothing)).not.toContain('"b"');
  });

  test('is no quicker for all that an estimate can tell: what was restored took nothing', () => {
    const time = new VirtualTime();
    const a = step('a', () => time.after(50, 'a'));
    const b = step('b', { a }, () => time.after(70, 'b'));
    const steps = workflow('w', { b });
    const place = new Place();
    watch(steps, time, { store: place.store, runId });
    time.flush();
    const { store } = place.cutAfterStep('a');
    const run = steps.run({ store, runId, scheduler: time.scheduler });
    const estimates: Estimate[] = [];
    run.progress$.pipe(estimate(run, { every: 0 })).subscribe((one) => estimates.push(one));
    run.result$.subscribe();
    time.flush();
    const known = estimates.filter(({ elapsed }) => elapsed === 0);
    expect(known.at(-1)?.done).toBe(1);
    for (const { remaining } of known) expect(remaining).toBeUndefined();
  });

  test('shows what is restored as completed, with no attempts, and measures what ran', () => {
    const { steps } = chain({ yes: false });
    const place = new Place();
    place.play(steps, { inputs });
    const { run } = place.cutAfterStep('a').play(steps, { inputs });
    const snapshot = run.snapshot();
    expect(snapshot.status).toBe('completed');
    const byId = Object.fromEntries(Array.from(snapshot.steps, (one) => [one.id, one]));
    expect(byId['a']).toMatchObject({ status: 'completed', attempts: 0, startedAt: null, endedAt: null });
    expect(byId['c']).toMatchObject({ status: 'completed', attempts: 1, startedAt: 0, endedAt: 0 });
    expect(snapshot.counts).toMatchObject({ completed: 4, waiting: 0 });
    const metrics = run.metrics();
    expect(metrics.totalMs).toBe(0);
    expect(metrics.steps.get('a')).toMatchObject({ attempts: 0, durationMs: 0 });
    expect(metrics.parallelism).toBe(0);
    expect(JSON.stringify(metrics)).not.toContain('null');
    for (const { taken } of Object.values(snapshot.resources)) expect(taken).toBe(0);
  });

  test('gives a restored output to whoever follows its step', () => {
    const a = step('a', () => 'a');
    const b = step('b', { a }, (given) => given.a);
    const steps = workflow('w', { b });
    const place = new Place();
    place.play(steps);
    const time = new VirtualTime();
    const seen: unknown[] = [];
    const run = steps.run({ store: place.store, runId, scheduler: time.scheduler });
    run.output$(b).subscribe((value) => seen.push(value));
    run.result$.subscribe();
    time.flush();
    expect(seen).toStrictEqual(['a']);
  });

  test('keeps the idempotency key of a step through attempts and resumes', () => {
    const keys: string[] = [];
    let failures = 2;
    const a = step(
      'a/1',
      ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (failures-- > 0) throw new Error('broken');
        return 1;
      },
      { retry: 1 },
    );
    const b = step('b', ({ idempotencyKey }) => keys.push(idempotencyKey));
    const steps = workflow('w', { a, b });
    const place = new Place();
    place.play(steps, { onFailure: 'continue' });
    place.play(steps);
    const ofA = keys.filter((key) => !key.endsWith('/b'));
    expect(ofA).toHaveLength(3);
    expect(new Set(ofA).size).toBe(1);
    expect(new Set(keys).size).toBe(2);
    // Another run has other keys.
    keys.length = 0;
    place.play(steps, { runId: 'weekly' });
    expect(keys).not.toContain(ofA[0]);
  });

  test('gives every step a key of its own that can stand in a header, whatever it is called', () => {
    const ids = ['a', 'ä/€', '%uD800', '\ud800', '\udc00', 'x\ud800', '\ud83d\ude00'];
    const keys: string[] = [];
    const steps = workflow(
      'w',
      Object.fromEntries(
        ids.map((id, at) => [
          `out${String(at)}`,
          step(id, ({ idempotencyKey }) => keys.push(idempotencyKey)),
        ]),
      ),
    );
    expect(new Place().play(steps).run.snapshot().status).toBe('completed');
    expect(new Set(keys).size).toBe(ids.length);
    expect(keys.filter((key) => !/^[\w%!'()*.~-]+\/[\w%!'()*.~-]+$/.test(key))).toStrictEqual([]);
    expect(keys).toContain('nightly/x%uD800');
  });
});

import { forEachStep, InvalidOptionsError, type Limits, step, subflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { validated } from '../../property-tests/support/validated.ts';
import { mostAtOnce } from './support/fan-outs.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { type Watched, watch } from './support/watch.ts';

/** So many others make a run forget who is idle. */
const many = 1000;
const others = Array.from({ length: many }, (_, place) => `other${String(place)}`);

/** A child for each host, one after the other where they come at the same time; `a` takes longest. */
function crawl(
  hosts: readonly string[],
  limits: Limits,
  { concurrency = 1, msOf = () => 1 }: { concurrency?: number; msOf?: (host: string) => number } = {},
): Watched<unknown> {
  const time = new VirtualTime();
  const pages = forEachStep('pages', { items: hosts }, (host) => time.after(msOf(host), host), {
    resource: (host) => `host:${host}`,
    key: (host, place) => `${host} ${String(place)}`,
    concurrency,
  });
  return watch(workflow('crawl', { pages }), time, { limits });
}

const known = ({ run }: Watched<unknown>): string[] => Object.keys(run.snapshot().resources);
const startsOf = (run: Watched<unknown>, host: string): number[] =>
  run
    .all('step-started')
    .filter(({ stepId }) => stepId.startsWith(`pages[${host} `))
    .map(({ at }) => at);

describe('a member of a family that nobody needs for a while', () => {
  test('is forgotten, so that 10,000 take no more room than some hundred', () => {
    const hosts = Array.from({ length: 10_000 }, (_, place) => String(place));
    const run = crawl(hosts, { 'host:*': 1 }, { concurrency: 5 });
    const most = { known: 0, measured: 0 };
    for (let at = 100; !run.isOver; at += 100) {
      run.time.advanceTo(at);
      most.known = Math.max(most.known, known(run).length);
      most.measured = Math.max(most.measured, Object.keys(run.run.metrics().resources).length);
    }
    expect(run.result).toStrictEqual({ pages: hosts });
    expect(most.known).toBeGreaterThan(100);
    expect(most.known).toBeLessThan(600);
    expect(most.measured).toBe(most.known);
    for (const { stepId, holds } of run.all('step-started'))
      if (stepId !== 'pages')
        expect(holds).toStrictEqual({ [`host:${/\[(\d+) /.exec(stepId)?.[1] ?? ''}`]: 1 });
  });

  test('is limited and named as before when it comes again', () => {
    const run = crawl(
      ['a', ...others, 'a', 'a', 'a'],
      { 'host:*': 1 },
      {
        concurrency: 3,
        msOf: (host) => (host === 'a' ? 10 : 1),
      },
    );
    let wasForgotten = false;
    while (!run.isOver) {
      run.time.advanceTo(run.time.now + 1);
      const { resources } = run.run.snapshot();
      wasForgotten ||= resources['host:a'] === undefined;
      expect(resources['host:a']?.limit ?? 1).toBe(1);
    }
    expect(wasForgotten).toBe(true);
    expect(mostAtOnce(run, /^pages\[a /)).toBe(1);
    expect(run.run.metrics().resources['host:a']).toMatchObject({ limit: 1, peak: 1 });
    expectSound(run);
  });

  test('is remembered while it is held', () => {
    const run = crawl(
      ['a', ...others, 'a'],
      { 'host:*': 1 },
      {
        concurrency: 2,
        msOf: (host) => (host === 'a' ? 3 * many : 1),
      },
    );
    run.time.flush();
    expect(startsOf(run, 'a')).toStrictEqual([0, 3 * many]);
    expectSound(run);
  });

  test('is remembered while its rate runs', () => {
    const rate = { limit: 1, per: 3 * many };
    const run = crawl(['a', ...others, 'a'], { 'host:*': { rate } });
    run.time.flush();
    expect(startsOf(run, 'a')).toStrictEqual([0, 3 * many]);
    expectSound(run);
  });

  test('is remembered while it is paused, and may be paused when it is forgotten', () => {
    const run = crawl(['a', 'b', ...others, 'a', ...others, 'b'], { 'host:*': 1 });
    run.time.advanceTo(10);
    run.run.pause('host:a');
    run.time.advanceTo(10 * many);
    expect(startsOf(run, 'a')).toHaveLength(1);
    expect(known(run)).toContain('host:a');
    expect(known(run)).not.toContain('host:b');
    expect(thrownBy(() => run.run.pause('hos'))).toBeInstanceOf(InvalidOptionsError);
    run.run.pause('host:b');
    expect(run.run.snapshot().pausedResources).toStrictEqual(['host:a', 'host:b']);
    run.run.resume('host:a');
    run.time.flush();
    expect(startsOf(run, 'a')).toHaveLength(2);
    expect(startsOf(run, 'b')).toHaveLength(1);
    run.run.resume('host:b');
    run.time.flush();
    expect(startsOf(run, 'b')).toHaveLength(2);
    expectSound(run);
  });

  test.each<[string, Limits, number]>([
    ['its own', { 'host:a': 3 }, 3],
    ['that of its family', { 'host:*': 2 }, 2],
  ])('has the limit that was set meanwhile: %s', (_, changed, most) => {
    const run = crawl(['a', ...others, 'a', 'a', 'a', 'a'], { 'host:*': 1 }, { concurrency: 4 });
    run.time.advanceTo(200);
    run.run.setLimits(changed);
    run.time.flush();
    expect(mostAtOnce(run, /^pages\[a /)).toBe(most);
    expectSound(run);
  });

  test('is remembered with a limit that was set for it and isn’t what would be given anew', () => {
    const run = crawl(['a', ...others, 'a', 'a', 'a'], { 'host:*': 1 }, { concurrency: 3 });
    run.run.setLimits({ 'host:a': 3 });
    run.run.setLimits({ 'host:*': 2 });
    run.time.flush();
    expect(mostAtOnce(run, /^pages\[a /)).toBe(2);
    expectSound(run);
  });

  test('is forgotten also where workflows in children demand it', async () => {
    const time = new VirtualTime();
    const pages = forEachStep(
      'pages',
      { items: ['a', ...others, 'a'] },
      (host) =>
        subflow(
          'site',
          workflow('site', { page: step('page', () => time.after(1, host), { resource: `host:${host}` }) }),
        ),
      { key: (host, place) => `${host} ${String(place)}`, concurrency: 4, resource: {} },
    );
    await validated(() => {
      const run = watch(workflow('crawl', { pages }), time, { limits: { 'host:*': 1 } });
      time.flush();
      expect(run.isOver).toBe(true);
      expect(run.error).toBeUndefined();
      expect(known(run).length).toBeLessThan(600);
      expectSound(run);
    });
  });
});

test('what the engine knows agrees while members are forgotten and come again', async () => {
  const hosts = Array.from({ length: 1500 }, (_, place) => `h${String((place * place) % 701)}`);
  await validated(() => {
    const run = crawl(
      hosts,
      { 'host:*': 1, 'host:h1*': { limit: 2, rate: { limit: 2, per: 5 } } },
      {
        concurrency: 7,
        msOf: (host) => 1 + (host.length % 3),
      },
    );
    run.time.flush();
    expect(run.isOver).toBe(true);
    expectSound(run);
  });
});

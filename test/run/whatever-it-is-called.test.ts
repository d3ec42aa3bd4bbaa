import {
  choose,
  defineWorkflow,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  input,
  type Limits,
  type ProgressEvent,
  type Run,
  type RunHistory,
  type RunOptions,
  type StepFailedError,
  step,
  subflow,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { replay } from 'millrace/node';
import { estimate, mergeMapWithin } from 'millrace/operators';
import { htmlReport, toChromeTrace, toDot, toMermaid } from 'millrace/report';
import { plan, simulate, whatIf } from 'millrace/simulate';
import { expectLawful, runInVirtualTime, VirtualTime } from 'millrace/testing';
import { from, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Watched, watch } from './support/watch.ts';

/** A record of one entry, whatever its key is. */
const under = <Value>(name: string, value: Value): Readonly<Record<string, Value>> =>
  Object.fromEntries([[name, value]]);

/** Everything that there is to know of a run, as text. */
async function told(
  run: Run<unknown>,
  time: VirtualTime,
  act: (run: Run<unknown>) => void = () => undefined,
) {
  const events: ProgressEvent[] = [];
  const estimates: unknown[] = [];
  const snapshots: unknown[] = [];
  const before = run.snapshot();
  run.progress$.subscribe((event) => events.push(event));
  run.progress$.pipe(estimate(run)).subscribe((each) => estimates.push(each));
  run.snapshot$.subscribe((each) => snapshots.push(each));
  const result = run.result().then(
    (outputs) => ({ outputs: Object.entries(outputs as object) }),
    (error: unknown) => ({
      error: String(error),
      chain: (error as StepFailedError).chain,
      outputs: Object.entries((error as StepFailedError).outputs ?? {}),
      completed: Object.entries((error as StepFailedError).completed ?? {}),
    }),
  );
  time.advanceTo(5);
  act(run);
  time.flush();
  const log = { runId: run.runId, workflow: run.workflow, limits: run.limits, snapshot: before, events };
  return {
    result: await result,
    events,
    estimates,
    snapshots,
    metrics: run.metrics(),
    limits: run.limits,
    replayed: replay(log).play().snapshot(),
    pictures: [
      toMermaid(run.workflow, { snapshot: run.snapshot() }),
      toDot(run.workflow, { snapshot: run.snapshot() }),
      toChromeTrace(log),
      /id="data">(.*?)<\/script>/s.exec(htmlReport(log))?.[1],
    ],
    info: [...run.workflow.steps],
  };
}

/** The same text for names that are alike: what is told of one, in terms of another. */
function inTermsOf(value: unknown, name: string): string {
  const text = JSON.stringify(value, (_, item: unknown) => (item instanceof Error ? String(item) : item));
  const plain: unknown = JSON.parse(text.replaceAll(name, 'plain').replaceAll(/\w+-\d+-\d+/g, 'a run'));
  // Demands are told by the alphabet.
  return JSON.stringify(plain, (_, item: unknown) => sorted(item), 1);
}

function sorted(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return Object.fromEntries(Object.entries(item).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Steps of all kinds, each called so: a graph, or what it is a part of. */
const flows: Record<string, (name: string, time: VirtualTime) => Workflow<unknown, never>> = {
  'a step, its output and a dependency': (name, time) => {
    const first = step(name, () => time.after(10, 'first'), {
      resource: under(name, 1),
      cleanup: () => undefined,
    });
    const second = step('second', under(name, first), (inputs) => Object.entries(inputs as object), {
      resource: under(name, 2),
    });
    return workflow(name, { ...under(name, second), second });
  },
  'a definition': (name, time) =>
    defineWorkflow(name, [
      { id: name, run: () => time.after(10, 1), resource: [name, '~other'] },
      { id: 'after', dependsOn: [name], run: (inputs) => Object.entries(inputs as object) },
      { id: 'beside', run: () => time.after(7, 2), resource: name },
    ]),
  'a step that fails': (name, time) => {
    const good = step('good', () => time.after(5, 'good'), { resource: name });
    const bad = step(
      name,
      { good },
      () => {
        throw new Error(`no ${name}`);
      },
      { retry: { attempts: 2, delay: 10, jitter: 0 }, group: name, tags: [name] },
    );
    const after = step('after', under(name, bad), () => 1);
    return workflow('failing', { ...under(name, after), good });
  },
  'a fan-out, its key and its class': (name, time) => {
    const each = forEachStep(name, { items: [name, 'other', 'third'] }, (item) => time.after(10, item), {
      key: (item) => item,
      resource: (item) => under(item === name ? name : '~other', 1),
      concurrency: 2,
    });
    return workflow('fanned', under(name, each));
  },
  'a fold': (name, time) => {
    const each = forEachStep(
      name,
      {
        items: ['a', name],
        ...under(
          name,
          step('shared', () => 1),
        ),
      },
      (item) => time.after(3, item),
      {
        reduce: (sum: Record<string, unknown>, item, key) => ({ ...sum, ...under(key, item) }),
        initial: {},
        key: (item) => item,
      },
    );
    return workflow('folded', { ...under(name, each) });
  },
  'a branch': (name, time) => {
    const which = step('which', () => time.after(2, name));
    const chosen = choose('chosen', { which }, ({ which: said }) => said, {
      ...under(
        name,
        step(name, () => time.after(5, 'taken')),
      ),
      other: step('other', () => 'not'),
    } as never);
    return workflow('branching', { chosen } as never);
  },
  'a race and a fallback': (name, time) => {
    const slow = step('slow', () => time.after(20, 'slow'));
    const fast = step(name, () => time.after(5, 'fast'), { resource: name });
    const raced = firstOf('raced', [slow, fast]);
    const broken = step('broken', { raced }, () => {
      throw new Error('broken');
    });
    return workflow('racing', under(name, fallback('fallen', broken, raced)));
  },
  'a subflow': (name, time) => {
    const within = step(name, () => time.after(5, 'within'), { resource: under(name, 1) });
    return workflow(
      'outer',
      under(name, subflow(name, workflow('inner', under(name, within)), { retry: 1 })),
    );
  },
  'steps that a step returns': (name, time) => {
    const returned = step(name, () => time.after(5, 'returned'), { resource: name });
    return workflow(
      'returning',
      under(
        name,
        step('host', () => returned, { resource: '~other' }),
      ),
    );
  },
};

const limits = (name: string): Limits => ({ ...under(name, 2), '~other': 1, 'light-cpu': 8 });
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

describe.each(names)('where it is called %s:', (name) => {
  test.each(Object.entries(flows))('%s', async (_, make) => {
    const one = async (
      called: string,
      options: RunOptions<never> = {},
      act?: (run: Run<unknown>) => void,
    ) => {
      const time = new VirtualTime();
      const run = make(called, time).run({
        scheduler: time.scheduler,
        limits: limits(called),
        onFailure: 'continue',
        ...options,
      });
      return inTermsOf(await told(run, time, act), called);
    };
    expect(await one(name)).toBe(await one('plain'));
    const live = (called: string) => (run: Run<unknown>) => {
      run.setLimits({ ...under(called, 3) });
      if (!Object.hasOwn(run.limits, called)) return;
      run.pause(called);
      run.setLimits({ ...under(called, { limit: 2, rate: { limit: 2, per: 5 } }) });
      run.resume(called);
    };
    expect(await one(name, {}, live(name))).toBe(await one('plain', {}, live('plain')));
    const stop = (called: string) => (run: Run<unknown>) => {
      if (run.workflow.steps.get(called) !== undefined) run.cancelStep(called, 'enough');
    };
    expect(await one(name, {}, stop(name))).toBe(await one('plain', {}, stop('plain')));
    expect(await one(name, { limits: { ...limits(name), ...under(`${name.slice(0, 4)}*`, 1) } })).toBe(
      await one('plain', { limits: { ...limits('plain'), 'plai*': 1 } }),
    );
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(Object.keys(Object.prototype)).toStrictEqual([]);
  });

  test('its output is had, and can be given', () => {
    const time = new VirtualTime();
    const make = flows['a step, its output and a dependency'] as (
      name: string,
      time: VirtualTime,
    ) => Workflow;
    const outputs: unknown[] = [];
    const run = new Watched(
      make(name, time),
      time,
      { limits: limits(name), given: under(name, 'given') },
      (made) => {
        made.output$(name).subscribe((output) => outputs.push(output));
      },
    );
    time.flush();
    expect(outputs).toStrictEqual(['given']);
    expect(Object.entries(run.result as object)).toContainEqual(['second', [[name, 'given']]]);
    expect(run.of(name)).toStrictEqual(['step-completed']);
  });

  test('an input', async () => {
    const flow = workflow('asking', {
      ...under(
        name,
        step('asked', under(name, input(name, type<number>())), (inputs) => Object.entries(inputs as object)),
      ),
    });
    const { result } = { result: await flow.run({ inputs: under(name, 5) }).result() };
    expect(Object.entries(result as object)).toStrictEqual([[name, [[name, 5]]]]);
    const part = subflow('part', flow as never, {
      inputs: under(
        name,
        step(name, () => 6),
      ),
    });
    const nested = (await workflow('nested', { part } as never)
      .run()
      .result()) as { readonly part: object };
    expect(Object.entries(nested.part)).toStrictEqual([[name, [[name, 6]]]]);
  });

  test('a history', () => {
    const of = (called: string) => {
      const history: RunHistory = {};
      for (let round = 0; round < 2; round++) {
        const time = new VirtualTime();
        watch((flows['a definition'] as (name: string, time: VirtualTime) => Workflow)(called, time), time, {
          limits: limits(called),
          history,
        });
        time.flush();
      }
      return inTermsOf([history, JSON.parse(JSON.stringify(history))], called);
    };
    expect(of(name)).toBe(of('plain'));
  });

  test('simulations and plans', () => {
    const of = (called: string) => {
      const flow = (flows['a definition'] as (name: string, time: VirtualTime) => Workflow)(
        called,
        new VirtualTime(),
      );
      const durations = { ...under(called, 20), after: 5, beside: 3 };
      const given = { limits: limits(called), durations };
      const found = plan(flow, { ...given, schedules: 5 });
      const time = new VirtualTime();
      const run = watch(flow, time, { limits: limits(called), plan: found });
      time.flush();
      return inTermsOf(
        [simulate(flow, given), whatIf(flow, [limits(called)], { durations }), found, run.story],
        called,
      );
    };
    expect(of(name)).toBe(of('plain'));
  });

  test('virtual time, laws and metrics as durations', async () => {
    const flow = (called: string) => {
      const first = step(called, () => 'first', { resource: under(called, 1), retry: 1 });
      return workflow(
        called,
        under(
          called,
          step('second', under(called, first), () => 2),
        ),
      );
    };
    const options = (called: string) => ({
      durations: under(called, 30),
      failures: under(called, 1),
      limits: limits(called),
    });
    const of = async (called: string) => {
      const recording = await runInVirtualTime(flow(called), options(called));
      await expectLawful(flow(called), options(called));
      return inTermsOf(
        [
          recording.events,
          recording.metrics,
          simulate(flow(called), { durations: recording.metrics, limits: limits(called) }),
        ],
        called,
      );
    };
    expect(await of(name)).toBe(await of('plain'));
  });

  test('a resource of an operator', () => {
    const seen: number[] = [];
    from([1, 2, 3])
      .pipe(mergeMapWithin({ limits: under(name, 1), demand: () => under(name, 1) }, (item) => of(item)))
      .subscribe((item) => seen.push(item));
    expect(seen).toStrictEqual([1, 2, 3]);
  });

  test('an unknown id, limit or class is refused as any other', () => {
    const flow = workflow('w', { known: step('known', () => 1, { resource: '~other' }) });
    const run = flow.run({ limits: { '~other': 1 } });
    const plain = workflow('w', { known: step('known', () => 1) }).graph;
    expect(() => run.output$(name)).toThrow('output$');
    expect(() => run.pause(name)).toThrow(InvalidOptionsError);
    expect(() => run.cancelStep(name)).toThrow(InvalidOptionsError);
    expect(run.snapshot().steps.get(name)).toBeUndefined();
    expect([plain.has(name), plain.dependenciesOf(name)]).toStrictEqual([false, []]);
    const demanding = workflow('w', { known: step('known', () => 1, { resource: name }) });
    expect(() => demanding.run()).toThrow(`limits['${name}']`);
    expect(() => demanding.run({ limits: { ...under(name, 1), 'light-cpu': 1 } })).not.toThrow();
  });
});

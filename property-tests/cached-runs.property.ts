import { test } from '@fast-check/vitest';
import fc, { toStringMethod } from 'fast-check';
import { forEachStep, input, type ProgressEvent, type Step, step, subflow, type, workflow } from 'millrace';
import { memoryStore, type Store } from 'millrace/store';
import { describe, expect } from 'vitest';
import { cases } from './support/effort.ts';

/** One step of a graph. What it comes to follows from what it gets, its salt and nothing else. */
interface Plan {
  readonly kind: 'step' | 'fan-out' | 'subflow';
  /** The steps it needs: counted round among those before it. */
  readonly needs: readonly number[];
  readonly hasCache: boolean;
  /** Of how many values it comes to one: with few, another input may come to the same. */
  readonly values: number;
  /** Whether it needs the input. */
  readonly takesInput: boolean;
}

/** What may change from run to run. */
interface Variant {
  readonly input: number;
  /** The salt and version of each step: what its code is. */
  readonly versions: readonly number[];
  /** The code of steps without a cache, which no version tells of. */
  readonly salts: readonly number[];
}

class Case {
  readonly plans: readonly Plan[];
  readonly variants: readonly Variant[];

  constructor(plans: readonly Plan[], variants: readonly Variant[]) {
    this.plans = plans;
    this.variants = variants;
  }

  [toStringMethod](): string {
    return `\n${this.plans.map((plan, at) => `${String(at)}: ${JSON.stringify(plan)}`).join('\n')}\n${this.variants.map((variant) => JSON.stringify(variant)).join('\n')}\n`;
  }
}

const most = 8;
const small = fc.nat(2);
const arbitraryCase = fc
  .record({
    plans: fc.array(
      fc.record({
        kind: fc.oneof(
          { weight: 4, arbitrary: fc.constant('step' as const) },
          fc.constantFrom('fan-out' as const, 'subflow' as const),
        ),
        needs: fc.array(fc.nat(most), { maxLength: 3 }),
        hasCache: fc.nat(3).map((dice) => dice > 0),
        values: fc.constantFrom(1, 2, 3, 1000),
        takesInput: fc.boolean(),
      }),
      { minLength: 1, maxLength: most },
    ),
    variants: fc.array(
      fc.record({
        input: small,
        versions: fc.array(small, { minLength: most, maxLength: most }),
        salts: fc.array(small, { minLength: most, maxLength: most }),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  })
  .map(({ plans, variants }) => new Case(plans, variants));

/** A number that follows from a value, of so many. */
function hashed(value: unknown, of: number): number {
  let hash = 7;
  for (const character of JSON.stringify(value)) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
  return hash % of;
}

/** What a step is called with, and what it comes to. */
interface World {
  ran: string[];
}

function needsOf(plan: Plan, at: number): number[] {
  return at === 0 ? [] : [...new Set(plan.needs.map((need) => need % at))];
}

/** The code of a step of a variant: its version where it has a cache, else whatever it is. */
function codeOf(plan: Plan, at: number, { versions, salts }: Variant): number {
  return (plan.hasCache ? versions : salts)[at] as number;
}

function workflowOf(plans: readonly Plan[], variant: Variant, world: World) {
  const n = input('n', type<number>());
  const steps: Step[] = [];
  for (const [at, plan] of plans.entries()) {
    const id = `s${String(at)}`;
    const deps: Record<string, Step> = Object.fromEntries(
      needsOf(plan, at).map((need) => [`s${String(need)}`, steps[need] as Step]),
    );
    const code = codeOf(plan, at, variant);
    const cache = plan.hasCache ? { version: code } : undefined;
    const work = (path: string, got: unknown): unknown => {
      world.ran.push(path);
      return hashed([id, code, got], plan.values);
    };
    const given = plan.takesInput ? { ...deps, n } : deps;
    if (plan.kind === 'step') {
      steps.push(step(id, given as typeof deps, (got) => work(id, inOrder(got)), { cache }));
    } else if (plan.kind === 'fan-out') {
      const items = step(`${id}items`, given as typeof deps, (got) => {
        const first = hashed(inOrder(got), 3);
        return [first, first + 1];
      });
      steps.push(forEachStep(id, { items }, (item, _, ctx) => work(ctx.stepId, item), { cache }));
    } else {
      const inner = input('got', type<unknown>());
      const part = workflow('part', { out: step('out', { inner }, (got) => work(`${id}/out`, got.inner)) });
      const got = step(`${id}got`, given as typeof deps, inOrder);
      steps.push(subflow(id, part, { inputs: { got }, cache }));
    }
  }
  return workflow('w', Object.fromEntries(steps.map((each, at) => [`s${String(at)}`, each])));
}

function inOrder(got: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(got).sort(([left], [right]) => (left < right ? -1 : 1));
}

/**
 * The model: a step runs unless something of the same name, version and inputs has run to its end before. `known` is what has.
 */
function expectedRuns(plans: readonly Plan[], variant: Variant, known: Set<string>): string[] {
  const outputs: unknown[] = [];
  const ran: string[] = [];
  const fresh: string[] = [];
  for (const [at, plan] of plans.entries()) {
    const id = `s${String(at)}`;
    const code = codeOf(plan, at, variant);
    const got = inOrder({
      ...Object.fromEntries(needsOf(plan, at).map((need) => [`s${String(need)}`, outputs[need]])),
      ...(plan.takesInput ? { n: variant.input } : {}),
    });
    const runs = (path: string, counted: unknown): unknown => {
      const key = JSON.stringify([id, code, counted]);
      if (!(plan.hasCache && known.has(key))) ran.push(path);
      fresh.push(key);
      return hashed([id, code, counted], plan.values);
    };
    if (plan.kind === 'step') outputs.push(runs(id, got));
    else if (plan.kind === 'subflow') outputs.push({ out: runs(`${id}/out`, got) });
    else {
      const first = hashed(got, 3);
      outputs.push([first, first + 1].map((item, place) => runs(`${id}[${String(place)}]`, item)));
    }
  }
  for (const key of fresh) known.add(key);
  return ran;
}

async function run(plans: readonly Plan[], variant: Variant, store: Store | undefined, runId: string) {
  const world: World = { ran: [] };
  const events: ProgressEvent[] = [];
  const inputs = plans.some(({ takesInput }) => takesInput) ? { n: variant.input } : {};
  const started = workflowOf(plans, variant, world).run({ inputs, store, runId });
  started.progress$.subscribe((event) => events.push(event));
  return { result: await started.result(), ran: world.ran.sort(), events };
}

describe('runs that share a cache', () => {
  test.prop([arbitraryCase], { numRuns: cases(300), endOnFailure: false })(
    'come to the same as without one, and do exactly what hasn’t been done',
    async ({ plans, variants }) => {
      const store = memoryStore();
      const known = new Set<string>();
      for (const [at, variant] of variants.entries()) {
        const plain = await run(plans, variant, undefined, 'plain');
        const cached = await run(plans, variant, store, `run ${String(at)}`);
        expect(cached.result).toStrictEqual(plain.result);
        expect(cached.ran).toStrictEqual(expectedRuns(plans, variant, known).sort());
        expect(
          cached.events.filter((event) => event.type === 'warning' && event.topic === 'store'),
        ).toStrictEqual([]);
      }
    },
  );
});

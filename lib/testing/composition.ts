import fc, { type Arbitrary, toStringMethod } from 'fast-check';
import { concatMap, from, map, type Observable, of, timer, toArray } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import { choose, fallback, firstOf, optional } from '../definition/branching.ts';
import { forEachStep } from '../definition/for-each-step.ts';
import type { Step } from '../definition/handle.ts';
import { step } from '../definition/step.ts';
import type { StepContext } from '../definition/step-context.ts';
import { stream } from '../definition/stream.ts';
import { subflow } from '../subflow.ts';
import { type Workflow, workflow } from '../workflow.ts';
import type { LawfulOptions } from './expect-lawful.ts';
import { type Law, law } from './laws.ts';

/** What may happen in compositions. */
export interface CompositionConstraints {
  /** How deep parts may be nested, from 1. @defaultValue 4 */
  readonly maxDepth?: number | undefined;
  /** Whether steps may fail. @defaultValue true */
  readonly failures?: boolean | undefined;
  /** Whether the run may be cancelled. @defaultValue true */
  readonly cancels?: boolean | undefined;
}

/** A part of a composition, as a plan that steps are made of, and that says what they must give. */
type Part =
  | { readonly kind: 'leaf'; readonly ms: number; readonly fails: boolean; readonly demand: number }
  | { readonly kind: 'all'; readonly parts: readonly Part[] }
  | { readonly kind: 'gate'; readonly part: Part; readonly runs: boolean }
  | { readonly kind: 'optional'; readonly part: Part }
  | { readonly kind: 'choose'; readonly parts: readonly Part[]; readonly chosen: number }
  | { readonly kind: 'first-of'; readonly parts: readonly Part[] }
  | { readonly kind: 'fallback'; readonly part: Part; readonly other: Part }
  | { readonly kind: 'for-each'; readonly part: Part; readonly count: number; readonly concurrency: number }
  | { readonly kind: 'subflow'; readonly part: Part }
  | { readonly kind: 'stream'; readonly count: number; readonly ms: number };

/** Neither a failure nor a skip is a value. */
const failed = 'failed';
const skipped = 'skipped';

/** What a part may come to: values as JSON, `failed`, `skipped`. More than one where time decides. */
type Outcomes = ReadonlySet<string>;

/** A workflow of fan-outs, branches, nested workflows and streams, and how to run it. Prints as its plan. */
export class Composition {
  /** The workflow. Its one output, `out`, tells in brackets what it was made of. */
  readonly workflow: Workflow;
  /** What to run it with, and the law that it comes to what its plan says. */
  readonly options: LawfulOptions;
  readonly #plan: Part;
  readonly #limit: number;
  readonly #concurrency: number | undefined;
  readonly #cancelAt: number | undefined;

  /** @internal Made by {@link composition}. */
  constructor(plan: Part, limit: number, concurrency: number | undefined, cancelMs: number | undefined) {
    this.#plan = plan;
    this.#limit = limit;
    this.#concurrency = concurrency;
    this.#cancelAt = cancelMs;
    this.workflow = workflow('composition', { out: new Maker('').make(plan) });
    this.options = {
      limits: { db: limit, 'light-cpu': 8 },
      concurrency,
      laws: [equalToPlan(plan, cancelMs)],
      ...(cancelMs === undefined
        ? {}
        : {
            at: {
              [cancelMs]: (run) => {
                run.cancel('as was asked for');
              },
            },
          }),
    };
  }

  /** The plan. */
  toString(): string {
    const concurrency = this.#concurrency === undefined ? '' : `, concurrency ${String(this.#concurrency)}`;
    const cancel = this.#cancelAt === undefined ? '' : `, cancelled at ${String(this.#cancelAt)} ms`;
    return `${textOf(this.#plan)} (db ${String(this.#limit)}${concurrency}${cancel})`;
  }

  /** What fast-check prints. */
  [toStringMethod](): string {
    return `\n${this.toString()}\n`;
  }
}

/**
 * Workflows of fan-outs, branches, nested workflows and streams, ready for {@link expectLawful}. They shrink to few parts.
 *
 * @throws InvalidOptionsError for constraints that can't be met
 * @example
 * ```ts
 * import fc from 'fast-check';
 *
 * await fc.assert(
 *   fc.asyncProperty(composition({ maxDepth: 3 }), async ({ workflow, options }) => {
 *     await expectLawful(workflow, options);
 *   }),
 * );
 * ```
 */
export function composition(constraints: CompositionConstraints = {}): Arbitrary<Composition> {
  const checker = new OptionChecker();
  if (!checker.record('constraints', constraints)) checker.throwIfAny('composition');
  checker.knownKeys('', constraints, ['maxDepth', 'failures', 'cancels']);
  const maxDepth = checker.finiteCount('maxDepth', constraints.maxDepth, 1) ?? 4;
  const mayFail = checker.flag('failures', constraints.failures) ?? true;
  const mayCancel = checker.flag('cancels', constraints.cancels) ?? true;
  checker.throwIfAny('composition');
  return fc
    .record({
      plan: partWithin(maxDepth, mayFail),
      limit: fc.integer({ min: 1, max: 3 }),
      // Two, as a stream needs.
      concurrency: fc.option(fc.integer({ min: 2, max: 4 }), { nil: undefined }),
      cancelMs: mayCancel ? fc.option(fc.nat(20), { nil: undefined, freq: 3 }) : fc.constant(undefined),
    })
    .map(({ plan, limit, concurrency, cancelMs }) => new Composition(plan, limit, concurrency, cancelMs));
}

function partWithin(maxDepth: number, mayFail: boolean): Arbitrary<Part> {
  return fc.letrec<{ part: Part }>((tie) => {
    const part = tie('part');
    const several = fc.array(part, { minLength: 1, maxLength: 3 });
    return {
      part: fc.oneof(
        { maxDepth, withCrossShrink: true },
        {
          weight: 6,
          arbitrary: fc.record({
            kind: fc.constant('leaf' as const),
            ms: fc.nat(5),
            fails: mayFail ? fc.nat(4).map((dice) => dice === 4) : fc.constant(false),
            demand: fc.nat(1),
          }),
        },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('all' as const), parts: several }) },
        {
          weight: 1,
          arbitrary: fc.record({ kind: fc.constant('gate' as const), part, runs: fc.boolean() }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('optional' as const), part }) },
        {
          weight: 1,
          arbitrary: several.chain((parts) =>
            fc.record({
              kind: fc.constant('choose' as const),
              parts: fc.constant(parts),
              chosen: fc.nat(parts.length - 1),
            }),
          ),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('first-of' as const), parts: several }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('fallback' as const), part, other: part }) },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant('for-each' as const),
            part,
            count: fc.nat(3),
            concurrency: fc.integer({ min: 1, max: 3 }),
          }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('subflow' as const), part }) },
        {
          weight: 1,
          arbitrary: fc.record({ kind: fc.constant('stream' as const), count: fc.nat(4), ms: fc.nat(3) }),
        },
      ),
    };
  }).part;
}

/** Makes the steps of a plan, each with a name of its own. */
class Maker {
  readonly #prefix: string;
  #made = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  make(part: Part): Step<unknown, never> {
    const id = `${this.#prefix}${part.kind}${String(++this.#made)}`;
    switch (part.kind) {
      case 'leaf':
        return step(id, (ctx) => after(part, ctx), {
          resource: part.demand === 0 ? {} : { db: part.demand },
        });
      case 'all':
        return step(id, this.#makeAll(part.parts), (inputs) => Object.values(inputs));
      case 'gate':
        return step(id, { part: this.make(part.part) }, (inputs) => inputs.part, {
          when: () => part.runs,
        });
      case 'optional':
        return step(id, { part: optional(this.make(part.part)) }, (inputs) => inputs.part ?? null);
      case 'choose':
        return choose(id, {}, () => String(part.chosen), this.#makeAll(part.parts));
      case 'first-of':
        return firstOf(
          id,
          part.parts.map((each) => this.make(each)),
        );
      case 'fallback':
        return fallback(id, this.make(part.part), this.make(part.other));
      case 'for-each':
        return forEachStep(
          id,
          { items: Array.from({ length: part.count }, (_, place) => place) },
          () => new Maker('child').make(part.part),
          { concurrency: part.concurrency },
        );
      case 'subflow':
        return subflow(id, workflow('nested', { out: new Maker('nested').make(part.part) }));
      case 'stream':
        return this.#makeStream(id, part);
    }
  }

  #makeAll(parts: readonly Part[]): Readonly<Record<string, Step<unknown, never>>> {
    return Object.fromEntries(parts.map((part, place) => [String(place), this.make(part)]));
  }

  #makeStream(id: string, { count, ms }: Part & { readonly kind: 'stream' }): Step<unknown, never> {
    // One more than what counts, since a stream without a value would be none.
    const emitted = step(`${id}source`, ({ scheduler }) =>
      from(Array.from({ length: count + 1 }, (_, place) => place)).pipe(
        concatMap((place) => timer(ms, scheduler).pipe(map(() => place))),
      ),
    );
    return step(id, { emitted: stream(emitted, { overflow: 'error' }) }, (inputs) =>
      inputs.emitted.toObservable().pipe(toArray()),
    );
  }
}

function after(
  { ms, fails }: Part & { readonly kind: 'leaf' },
  { scheduler }: StepContext,
): Observable<string> {
  const end = (): string => {
    if (fails) throw new Error('as planned');
    return 'leaf';
  };
  return (ms === 0 ? of(0) : timer(ms, scheduler)).pipe(map(end));
}

/** What a part may come to, worked out from the plan alone. */
function outcomesOf(part: Part): Outcomes {
  switch (part.kind) {
    case 'leaf':
      return new Set([part.fails ? failed : JSON.stringify('leaf')]);
    case 'all':
      return together(part.parts.map(outcomesOf));
    case 'gate':
      return mapped(outcomesOf(part.part), (outcome) =>
        part.runs || !isValue(outcome) ? [outcome] : [skipped],
      );
    case 'optional':
      return mapped(outcomesOf(part.part), (outcome) => [outcome === skipped ? 'null' : outcome]);
    case 'choose':
      return outcomesOf(part.parts[part.chosen] as Part);
    case 'first-of':
      return raced(part.parts.map(outcomesOf));
    case 'fallback':
      return mapped(outcomesOf(part.part), (outcome) =>
        outcome === failed ? [...outcomesOf(part.other)] : [outcome],
      );
    case 'for-each':
      return needed(together(Array.from({ length: part.count }, () => needed(outcomesOf(part.part)))));
    case 'subflow':
      return mapped(needed(outcomesOf(part.part)), (outcome) => [
        isValue(outcome) ? JSON.stringify({ out: JSON.parse(outcome) as unknown }) : outcome,
      ]);
    case 'stream':
      return new Set([JSON.stringify(Array.from({ length: part.count + 1 }, (_, place) => place))]);
  }
}

function isValue(outcome: string): boolean {
  return outcome !== failed && outcome !== skipped;
}

function mapped(outcomes: Outcomes, change: (outcome: string) => readonly string[]): Outcomes {
  return new Set([...outcomes].flatMap(change));
}

/** The output of a workflow of its own may not be missing. */
function needed(outcomes: Outcomes): Outcomes {
  return mapped(outcomes, (outcome) => [outcome === skipped ? failed : outcome]);
}

/** All of them are needed. Where one fails and another is skipped, what comes first decides. */
function together(parts: readonly Outcomes[]): Outcomes {
  let lists: readonly (readonly unknown[])[] = [[]];
  const bad = new Set<string>();
  for (const outcomes of parts) {
    for (const outcome of outcomes) if (!isValue(outcome)) bad.add(outcome);
    const values = [...outcomes].filter(isValue).map((outcome) => JSON.parse(outcome) as unknown);
    lists = lists.flatMap((list) => values.map((value) => [...list, value]));
  }
  return new Set([...bad, ...lists.map((list) => JSON.stringify(list))]);
}

/** Any that gives a value may be the first. */
function raced(parts: readonly Outcomes[]): Outcomes {
  const all = parts.flatMap((outcomes) => [...outcomes]);
  const isCertain = parts.some((outcomes) => [...outcomes].every(isValue));
  const values = all.filter(isValue);
  if (isCertain) return new Set(values);
  return new Set([...values, all.includes(failed) ? failed : skipped]);
}

function equalToPlan(plan: Part, cancelMs: number | undefined): Law {
  const expected = needed(outcomesOf(plan));
  return law('equal to the plan', ({ outcome, stoppedAt }) => {
    if (cancelMs !== undefined && stoppedAt !== undefined) return true;
    const given = outcome.kind === 'error' ? failed : JSON.stringify(outcome.outputs['out']);
    return expected.has(given) ? true : `it came to ${given}, which isn't among ${[...expected].join(', ')}`;
  });
}

function textOf(part: Part): string {
  switch (part.kind) {
    case 'leaf':
      return `${part.fails ? 'fails' : 'leaf'}(${String(part.ms)} ms${part.demand === 0 ? '' : ', db'})`;
    case 'all':
    case 'first-of':
      return `${part.kind}(${part.parts.map(textOf).join(', ')})`;
    case 'choose':
      return `choose ${String(part.chosen)} of (${part.parts.map(textOf).join(', ')})`;
    case 'gate':
      return `when ${String(part.runs)}(${textOf(part.part)})`;
    case 'fallback':
      return `fallback(${textOf(part.part)}, ${textOf(part.other)})`;
    case 'for-each':
      return `for-each(${String(part.count)} × ${textOf(part.part)}, concurrency ${String(part.concurrency)})`;
    case 'stream':
      return `stream(${String(part.count + 1)} values, ${String(part.ms)} ms each)`;
    default:
      return `${part.kind}(${textOf(part.part)})`;
  }
}

import fc, { type Arbitrary, toStringMethod } from 'fast-check';
import { OptionChecker } from '../base/option-checker.ts';
import { step } from '../definition/step.ts';
import { type Workflow, workflow } from '../workflow.ts';
import { arbitraryPart } from './arbitrary-part.ts';
import type { LawfulOptions } from './expect-lawful.ts';
import { type Law, law } from './law.ts';
import { failed, outcomesOfPlan } from './outcomes-of-part.ts';
import { type Part, someLeaf, textOfPart } from './part.ts';
import { StepsOfPart } from './steps-of-part.ts';

/** What may happen in compositions. */
export interface CompositionConstraints {
  /** How deep parts may be nested, from 1. @defaultValue 4 */
  readonly maxDepth?: number | undefined;
  /** Whether steps may fail, and be tried again. @defaultValue true */
  readonly failures?: boolean | undefined;
  /** Whether workflows, and those within, may go on after failures. @defaultValue true */
  readonly goingOn?: boolean | undefined;
  /** Whether steps take of a resource class, and how many may run at once is limited. @defaultValue true */
  readonly resources?: boolean | undefined;
  /** Whether bodies may go on when they are told to stop, some of them for ever. @defaultValue true */
  readonly stubborn?: boolean | undefined;
  /** Whether the run may be cancelled. @defaultValue true */
  readonly cancels?: boolean | undefined;
  /** Whether several things may happen at one moment; else no two sums of times are alike. @defaultValue true */
  readonly ties?: boolean | undefined;
}

const constraintNames = ['maxDepth', 'failures', 'goingOn', 'resources', 'stubborn', 'cancels', 'ties'];

interface Surroundings {
  readonly goesOn: boolean;
  readonly limit: number;
  readonly concurrency: number | undefined;
  readonly maxOvertakes: number | undefined;
  readonly cancelMs: number | undefined;
}

/** A workflow of fan-outs, branches, nested workflows and streams, and how to run it. Prints as its plan. */
export class Composition {
  /** The plan. */
  readonly plan: Part;
  /** The workflow. Its one output, `out`, tells in brackets what it was made of. */
  readonly workflow: Workflow;
  /** What to run it with, and the law that it comes to what its plan says. */
  readonly options: LawfulOptions;
  readonly #surroundings: Surroundings;

  /** @internal Made by {@link composition}. */
  constructor(plan: Part, surroundings: Surroundings) {
    const { goesOn, limit, concurrency, maxOvertakes, cancelMs } = surroundings;
    this.plan = plan;
    this.#surroundings = surroundings;
    const out = step('out', { plan: new StepsOfPart().make(plan) }, (inputs) => inputs.plan, {
      resource: {},
    });
    this.workflow = workflow('composition', { out });
    this.options = {
      limits: { db: limit, 'light-cpu': 8 },
      concurrency,
      maxOvertakes,
      onFailure: goesOn ? 'continue' : 'fail-fast',
      laws: [equalToPlan(plan, goesOn, cancelMs)],
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

  /** The plan, and how it is run. */
  toString(): string {
    const { goesOn, limit, concurrency, maxOvertakes, cancelMs } = this.#surroundings;
    const details = [
      ...(limit === Infinity ? [] : [`db ${String(limit)}`]),
      ...(concurrency === undefined ? [] : [`concurrency ${String(concurrency)}`]),
      ...(maxOvertakes === undefined ? [] : [`maxOvertakes ${String(maxOvertakes)}`]),
      ...(goesOn ? ['goes on'] : []),
      ...(cancelMs === undefined ? [] : [`cancelled at ${String(cancelMs)} ms`]),
    ];
    return `${textOfPart(this.plan)}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
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
  checker.knownKeys('', constraints, constraintNames);
  const maxDepth = checker.finiteCount('maxDepth', constraints.maxDepth, 1) ?? 4;
  const flag = (name: Exclude<keyof CompositionConstraints, 'maxDepth'>): boolean =>
    checker.flag(name, constraints[name]) ?? true;
  const isLimited = flag('resources');
  const mayCancel = flag('cancels');
  const mayGoOn = flag('goingOn');
  const plan = arbitraryPart({
    maxDepth,
    failures: flag('failures'),
    stubborn: flag('stubborn'),
    goingOn: mayGoOn,
    withoutTies: !flag('ties'),
  });
  checker.throwIfAny('composition');
  const seldom = <Value>(arbitrary: Arbitrary<Value>, may: boolean): Arbitrary<Value | undefined> =>
    may ? fc.option(arbitrary, { nil: undefined, freq: 3 }) : fc.constant(undefined);
  return fc
    .record({
      plan,
      goesOn: mayGoOn ? fc.nat(3).map((dice) => dice === 3) : fc.constant(false),
      limit: isLimited ? fc.integer({ min: 1, max: 3 }) : fc.constant(Infinity),
      // Two, as a stream needs.
      concurrency: seldom(fc.integer({ min: 2, max: 4 }), isLimited),
      maxOvertakes: seldom(fc.nat(2), isLimited),
      cancelMs: seldom(fc.nat(20), mayCancel),
    })
    .map(({ plan: drawn, ...surroundings }) => new Composition(drawn, surroundings));
}

function equalToPlan(plan: Part, goesOn: boolean, cancelMs: number | undefined): Law {
  const expected = outcomesOfPlan(plan, goesOn);
  // What is kept for ever by those that never end may be what others wait for.
  const isOpen = someLeaf(plan, (leaf) => leaf.ignoresStop && leaf.hangs && leaf.fails !== 'never');
  return law('equal to the plan', ({ outcome, stoppedAt }) => {
    if (expected === undefined || (cancelMs !== undefined && stoppedAt !== undefined)) return true;
    const given = outcome.kind === 'completed' ? JSON.stringify(outcome.outputs['out']) : failed;
    if (expected.has(given) || (isOpen && given === failed)) return true;
    return `it came to ${given}, which isn't among ${[...expected].join(', ')}`;
  });
}

import fc, { type Arbitrary, type WeightedArbitrary } from 'fast-check';
import { type DagConstraints, type DagStep, dag } from 'millrace/testing';
import type { Demand } from '../../lib/index.ts';
import { demandOf, limitsOf, raised } from '../../lib/testing/arbitrary-script.ts';
import {
  type AttemptPlan,
  type BodyPlan,
  type CancelPlan,
  type CleanUpPlan,
  type RetryPlan,
  type RunPlan,
  Scenario,
  type StepPlan,
} from './scenario.ts';

/**
 * What may happen in a scenario beside steps that take their time and complete.
 *
 * Durations and the instants of cancels are whole, waits between attempts multiples of ¼, a step's timeout ends in ½ and
 * a run's in ⅛, so that few things happen at one instant by chance of which the order would be a matter of taste. Cancels
 * are let coincide with everything.
 */
export interface Features {
  /** Bodies that throw, fail, complete without a value; retries and timeouts. */
  readonly failures?: boolean;
  /** Steps that cancel themselves. */
  readonly selfCancels?: boolean;
  /** Finalisers, and bodies that go on after they were told to stop, perhaps for ever. */
  readonly lingering?: boolean;
  /** Resource classes with limits, and the limit over all of them. */
  readonly resources?: boolean;
  /** Priorities, estimates, and an order of definition that isn't topological. */
  readonly ranks?: boolean;
  /** Whether the order of definition may be another than a topological one. @defaultValue as `ranks` */
  readonly shuffled?: boolean;
  /** Cancels by every route, up to two a run; and timeouts of the run. */
  readonly cancels?: boolean;
  /** Whether a subscriber may cancel right while it handles an event. @defaultValue as `cancels` */
  readonly cancelsOnEvents?: boolean;
  readonly cleanUps?: boolean;
  /** Outputs other than those of the steps that nothing depends on. */
  readonly outputs?: boolean;
  readonly onFailure?: 'fail-fast' | 'continue';
}

/** Everything that can be expressed. */
export const everything: Features = {
  failures: true,
  selfCancels: true,
  lingering: true,
  resources: true,
  ranks: true,
  cancels: true,
  cleanUps: true,
  outputs: true,
};

/** How long a body may go on after it was told to stop. No finaliser takes just as long. */
const gracePeriod = 10;

/** Scenarios of one step to sixty, small ones mostly. They shrink to fewer steps that do less. */
export function arbitraryScenario(features: Features): Arbitrary<Scenario> {
  const sized = (graph: DagConstraints & { readonly maxSteps: number }): Arbitrary<Drawn> => {
    const { maxSteps } = graph;
    const drafts = fc.array(arbitraryStep(features), { minLength: maxSteps, maxLength: maxSteps });
    return fc.tuple(dag(graph), drafts);
  };
  const steps = oneOf(
    { weight: 18, arbitrary: sized({ maxSteps: 8 }) },
    { weight: 2, arbitrary: sized({ maxSteps: 8, shape: 'series-parallel' }) },
    { weight: 1, arbitrary: sized({ minSteps: 9, maxSteps: 60 }) },
  );
  return fc.tuple(steps, arbitraryRun(features)).map(([drawn, run]) => compose(drawn, run));
}

/** A step but for its place in the graph, and where in the order of definition it comes. */
interface Draft extends Omit<StepPlan, keyof DagStep> {
  readonly place: number;
}

/** A graph, and what each of its steps does; there may be more of these. */
type Drawn = readonly [graph: readonly DagStep[], drafts: readonly Draft[]];

type RunDraft = Omit<RunPlan, 'outputs'> & { readonly outputs: readonly number[] };

function compose([graph, drafts]: Drawn, run: RunDraft): Scenario {
  const ids = graph.map(({ id }) => id);
  const placed = graph.map((step, index) => {
    const { place, ...plan } = drafts[index] as Draft;
    return { place, plan: { ...plan, ...step } satisfies StepPlan };
  });
  const plans = placed.sort((left, right) => left.place - right.place).map(({ plan }) => plan);
  const demands = plans.map(({ demand }) => demand);
  const demanded = Object.entries(raised(run.limits, demands)).filter(([name]) =>
    demands.some((demand) => name in demand),
  );
  const outputs = new Set(run.outputs.map((place) => ids[place % ids.length] ?? ''));
  return new Scenario(plans, {
    ...run,
    limits: Object.fromEntries(demanded),
    outputs: outputs.size === 0 ? undefined : [...outputs],
  });
}

function arbitraryStep(features: Features): Arbitrary<Draft> {
  const attempt = arbitraryAttempt(features);
  return fc
    .record({
      attempts:
        features.failures === true ? fc.array(attempt, { minLength: 1, maxLength: 3 }) : fc.tuple(attempt),
      retry: features.failures === true ? maybe(arbitraryRetry) : fc.constant(undefined),
      timeout:
        features.failures === true
          ? maybe(
              fc.integer({ min: 0, max: 4 }).map((ms) => ms + 0.5),
              3,
            )
          : fc.constant(undefined),
      demand: features.resources === true ? arbitraryDemand : fc.constant({}),
      priority:
        features.ranks === true
          ? oneOf(
              { weight: 3, arbitrary: fc.constant(0) },
              { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) },
            )
          : fc.constant(0),
      estimate: features.ranks === true ? maybe(fc.integer({ min: 0, max: 5 }), 3) : fc.constant(undefined),
      place: (features.shuffled ?? features.ranks) === true ? fc.nat(3) : fc.constant(0),
      cleanup: features.cleanUps === true ? maybe(arbitraryCleanUp) : fc.constant(undefined),
    })
    .map((draft) =>
      draft.timeout === undefined && draft.attempts.some(endless) ? { ...draft, timeout: 5.5 } : draft,
    );
}

/** Without a timeout, such a body would keep its run going for ever. */
function endless({ body }: AttemptPlan): boolean {
  return body.kind === 'hangs' || body.kind === 'stubborn';
}

function arbitraryAttempt({ failures, lingering, selfCancels }: Features): Arbitrary<AttemptPlan> {
  const gaps = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 });
  const bodies: { weight: number; arbitrary: Arbitrary<BodyPlan> }[] = [
    { weight: 4, arbitrary: fc.constant({ kind: 'value' }) },
    { weight: 6, arbitrary: gaps.map((each) => ({ kind: 'stream', gaps: each, end: 'completes' })) },
  ];
  if (failures === true) {
    bodies.push(
      { weight: 1, arbitrary: fc.constant({ kind: 'throws' }) },
      {
        weight: 2,
        arbitrary: fc
          .array(fc.nat(3), { maxLength: 2 })
          .map((each) => ({ kind: 'stream', gaps: each, end: 'fails' })),
      },
      // Without a gap there is no value.
      { weight: 1, arbitrary: fc.constant({ kind: 'stream', gaps: [], end: 'completes' }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'hangs' }) },
    );
  }
  if (selfCancels === true) bodies.push({ weight: 1, arbitrary: fc.constant({ kind: 'cancels' }) });
  if (failures === true && lingering === true)
    bodies.push({ weight: 1, arbitrary: fc.constant({ kind: 'stubborn' }) });
  const [first, ...others] = bodies;
  return fc.record({
    body: oneOf(first as (typeof bodies)[0], ...others),
    finalising:
      lingering === true
        ? oneOf(
            { weight: 4, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
          )
        : fc.constant(0),
    lingering:
      lingering === true
        ? oneOf(
            { weight: 4, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.constantFrom(1, 3, gracePeriod + 2, Infinity) },
          )
        : fc.constant(0),
  });
}

const arbitraryRetry: Arbitrary<RetryPlan> = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  delay: fc.nat(3),
  factor: fc.constantFrom(1, 2, 3),
  maxDelay: fc.constantFrom(30_000, 4),
  jitter: fc.constantFrom(0, 0.5, 1),
  when: fc.constantFrom('always', 'always', 'always', 'never', 'after timeouts'),
});

const arbitraryCleanUp: Arbitrary<CleanUpPlan> = fc.record({ duration: fc.nat(2), fails: fc.boolean() });

/** Everybody's class, two with a place each, and two that are taken several at a time. */
const classes = ['db', 'heavy-cpu', 'light-cpu', 'memory', 'gpu'] as const;

const arbitraryDemand: Arbitrary<Demand> = oneOf(
  { weight: 1, arbitrary: demandOf(classes) },
  { weight: 1, arbitrary: fc.constantFrom(...classes.slice(0, 3)).map((name): Demand => ({ [name]: 1 })) },
);

function arbitraryRun(features: Features): Arbitrary<RunDraft> {
  return fc.record({
    limits: limitsOf(classes),
    concurrency:
      features.resources === true ? maybe(fc.integer({ min: 1, max: 4 }), 2) : fc.constant(undefined),
    maxOvertakes: features.resources === true ? maybe(fc.nat(4)) : fc.constant(undefined),
    onFailure:
      features.onFailure === undefined
        ? fc.constantFrom('fail-fast', 'continue')
        : fc.constant(features.onFailure),
    timeout:
      features.cancels === true
        ? maybe(
            fc.nat(12).map((ms) => ms + 0.125),
            6,
          )
        : fc.constant(undefined),
    gracePeriod: fc.constant(gracePeriod),
    random: fc.constantFrom(0, 0.5),
    outputs: features.outputs === true ? fc.array(fc.nat(7), { maxLength: 3 }) : fc.constant([]),
    cancels:
      features.cancels === true
        ? fc.array(arbitraryCancel(features.cancelsOnEvents ?? true), { maxLength: 2 })
        : fc.constant([]),
  });
}

function arbitraryCancel(onEvents: boolean): Arbitrary<CancelPlan> {
  const at: Arbitrary<CancelPlan['when']> = fc.record({ at: fc.nat(12) });
  const event = fc.record({ event: fc.integer({ min: 1, max: 20 }) });
  return fc.record({
    route: fc.constantFrom('cancel()', 'drain', 'leaving', 'token', 'signal'),
    when: onEvents ? oneOf({ weight: 1, arbitrary: at }, { weight: 1, arbitrary: event }) : at,
  });
}

/** One of several, of which the first is the simplest: what fails shrinks to it if it can. */
function oneOf<T>(...arbitraries: WeightedArbitrary<T>[]): Arbitrary<T> {
  return fc.oneof({ withCrossShrink: true }, ...arbitraries);
}

/** Something in one case out of `1 + rarity`. */
function maybe<T>(arbitrary: Arbitrary<T>, rarity = 1): Arbitrary<T | undefined> {
  return oneOf({ weight: rarity, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

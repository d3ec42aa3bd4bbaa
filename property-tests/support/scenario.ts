import { toStringMethod } from 'fast-check';
import type { Demand } from '../../lib/index.ts';

// For this project only. The graph, the demands and the limits are those that `millrace/testing` draws; what is told here beside them is
// what each attempt's body, finalisers and clean-up do, moment by moment, since the models that the engine is compared with (how an
// attempt must end, who must start, what RxJS alone comes to) are worked out from just that.

/** What the body of one attempt does. All times in ms. */
export type BodyPlan =
  /** Returns a value. */
  | { readonly kind: 'value' }
  /** Throws. */
  | { readonly kind: 'throws' }
  /** Throws a `CancelledError`: the step cancels itself. */
  | { readonly kind: 'cancels' }
  /** Returns an Observable that emits after each gap, and then ends. */
  | { readonly kind: 'stream'; readonly gaps: readonly number[]; readonly end: 'completes' | 'fails' }
  /** Returns an Observable that emits once and never ends, but heeds being unsubscribed from. */
  | { readonly kind: 'hangs' }
  /** Returns a Promise that never settles: nothing stops it. */
  | { readonly kind: 'stubborn' };

/** One attempt of a step. */
export interface AttemptPlan {
  readonly body: BodyPlan;
  /** How long its finaliser takes after the body has ended by itself. */
  readonly finalising: number;
  /** How long its finaliser takes after the body was told to stop; `Infinity` is for ever. */
  readonly lingering: number;
}

/** When a step is tried again. */
export interface RetryPlan {
  readonly attempts: number;
  readonly delay: number;
  readonly factor: number;
  readonly maxDelay: number;
  readonly jitter: number;
  readonly when: 'always' | 'never' | 'after timeouts';
}

/** A clean-up: how long it takes, and whether it fails. */
export interface CleanUpPlan {
  readonly duration: number;
  readonly fails: boolean;
}

/** One step of a scenario. */
export interface StepPlan {
  readonly id: string;
  readonly dependsOn: readonly string[];
  /** The attempts in turn; the last one is repeated. */
  readonly attempts: readonly AttemptPlan[];
  readonly retry: RetryPlan | undefined;
  readonly timeout: number | undefined;
  readonly demand: Demand;
  readonly priority: number;
  readonly estimate: number | undefined;
  readonly cleanup: CleanUpPlan | undefined;
}

/** A way of cancelling a run. */
export type CancelRoute = 'cancel()' | 'drain' | 'leaving' | 'token' | 'signal';

/** A cancel: at an instant, or right on the nth event. */
export interface CancelPlan {
  readonly route: CancelRoute;
  readonly when: { readonly at: number } | { readonly event: number };
}

/** What a scenario says beside its steps. */
export interface RunPlan {
  readonly limits: Readonly<Record<string, number>>;
  readonly concurrency: number | undefined;
  readonly maxOvertakes: number | undefined;
  readonly onFailure: 'fail-fast' | 'continue';
  readonly timeout: number | undefined;
  readonly gracePeriod: number;
  /** What the injected generator of random numbers always gives. */
  readonly random: number;
  /** The ids of the steps whose outputs are the workflow's; those nothing depends on where absent. */
  readonly outputs: readonly string[] | undefined;
  readonly cancels: readonly CancelPlan[];
}

const defaults: RunPlan = {
  limits: {},
  concurrency: undefined,
  maxOvertakes: undefined,
  onFailure: 'fail-fast',
  timeout: undefined,
  gracePeriod: 10,
  random: 0,
  outputs: undefined,
  cancels: [],
};

/** A workflow and a run of it, as data that prints as a listing. The steps are in the order of definition. */
export class Scenario {
  readonly steps: readonly StepPlan[];
  readonly run: RunPlan;
  readonly #byId: ReadonlyMap<string, StepPlan>;

  constructor(steps: readonly StepPlan[], run: Partial<RunPlan> = {}) {
    this.steps = steps;
    this.run = { ...defaults, ...run };
    this.#byId = new Map(steps.map((step) => [step.id, step]));
  }

  step(id: string): StepPlan {
    const step = this.#byId.get(id);
    if (step === undefined) throw new Error(`the scenario has no step '${id}'`);
    return step;
  }

  dependentsOf(id: string): readonly StepPlan[] {
    return this.steps.filter(({ dependsOn }) => dependsOn.includes(id));
  }

  /** The ids of the workflow's outputs. */
  get outputs(): readonly string[] {
    return (
      this.run.outputs ?? this.steps.map(({ id }) => id).filter((id) => this.dependentsOf(id).length === 0)
    );
  }

  toString(): string {
    const width = Math.max(...this.steps.map((step) => nameOf(step).length));
    return `\n${[describeRun(this.run), ...this.steps.map((step) => `  ${nameOf(step).padEnd(width)}  ${describeStep(step)}`)].join('\n')}\n`;
  }

  /** What fast-check prints. */
  [toStringMethod](): string {
    return this.toString();
  }
}

/** What the given attempt of a step does. */
export function attemptPlan({ attempts }: StepPlan, attempt: number): AttemptPlan {
  return attempts[Math.min(attempt, attempts.length) - 1] as AttemptPlan;
}

function nameOf({ id, dependsOn }: StepPlan): string {
  return dependsOn.length === 0 ? id : `${id} ← ${dependsOn.join(', ')}`;
}

function describeRun({ limits, cancels, ...rest }: RunPlan): string {
  const parts = Object.entries(rest)
    .filter(([name, value]) => value !== undefined && value !== defaults[name as keyof RunPlan])
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`);
  if (Object.keys(limits).length > 0) parts.push(`limits: ${JSON.stringify(limits)}`);
  for (const { route, when } of cancels) {
    parts.push(`${route} ${'at' in when ? `at ${String(when.at)}` : `on event ${String(when.event)}`}`);
  }
  return `run { ${parts.join('; ')} }`;
}

function describeStep({ attempts, retry, timeout, demand, priority, estimate, cleanup }: StepPlan): string {
  const parts = [attempts.map(describeAttempt).join(' / ')];
  if (Object.keys(demand).length > 0) parts.push(`takes ${JSON.stringify(demand)}`);
  if (retry !== undefined) parts.push(`retry ${JSON.stringify(retry)}`);
  if (timeout !== undefined) parts.push(`timeout ${String(timeout)}`);
  if (priority !== 0) parts.push(`priority ${String(priority)}`);
  if (estimate !== undefined) parts.push(`estimate ${String(estimate)}`);
  if (cleanup !== undefined)
    parts.push(`clean-up of ${String(cleanup.duration)} ms${cleanup.fails ? ' that fails' : ''}`);
  return parts.join(' · ');
}

function describeAttempt({ body, finalising, lingering }: AttemptPlan): string {
  const what =
    body.kind === 'stream' ? [...body.gaps.map((gap) => `${String(gap)}ms`), body.end].join(' ') : body.kind;
  const finaliser = finalising === 0 ? '' : ` (finalises ${String(finalising)}ms)`;
  const lingers =
    lingering === 0 ? '' : ` (lingers ${lingering === Infinity ? 'for ever' : `${String(lingering)}ms`})`;
  return `${what}${finaliser}${lingers}`;
}

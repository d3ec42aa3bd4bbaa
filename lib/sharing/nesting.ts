/**
 * Which run was started by a step of which other: where both share limits, each may wait for the other, and nobody would know why.
 *
 * 1. A run that shares limits marks its async context, and that of each body. Whoever starts a run there is found by the mark.
 * 2. A mark outlives its run in whatever the body has made, and then leads nowhere: it keeps nothing of the run.
 */
import type { Demand } from '../admission/demand.ts';
import type { Shape } from '../admission/shape.ts';
import { currentMark, marked } from '../base/async-context.ts';
import type { SharedBudget } from './shared-budget.ts';

/** An attempt of a step of such a run. */
interface MarkedAttempt {
  readonly row: number;
  readonly number: number;
  readonly stepId: string;
  readonly holds: Shape<number> | undefined;
  start(): void;
}

/** A run that shares limits, as others find it by its marks. */
export interface MarkedRun {
  readonly runId: string;
  readonly blueprint: { readonly resources: ReadonlySet<string> };
  readonly budget: { holdings(shape: Shape<number> | undefined): Demand };
  readonly attempts: readonly (MarkedAttempt | undefined)[];
  readonly report: {
    warn(warning: { topic: 'nested'; stepId: string; attempt: number; message: string }): void;
  };
  within(work: () => void): void;
}

/** Where something was started. */
interface Mark {
  readonly nesting: Nesting;
  /** Whose body it was: the row, and which attempt of it. Absent where the run itself was at work, or went on with an iterator. */
  readonly row: number | undefined;
  readonly number: number;
}

/** What two runs share that each may wait for: a class, or how many of them may be under way. */
interface Hazard {
  readonly budget: SharedBudget;
  readonly name: string;
  /** The step of the outer run that holds some of it, or that has started the inner run. */
  readonly attempt: MarkedAttempt | undefined;
}

export class Nesting {
  readonly #budgets: readonly SharedBudget[];
  #run: MarkedRun | undefined;
  #outer: Mark | undefined;
  #hasTold = false;

  /** To be made in the context of whoever starts the run. */
  constructor(budgets: readonly SharedBudget[], run: MarkedRun) {
    this.#budgets = budgets;
    this.#run = run;
    const mark = currentMark();
    this.#outer = mark === undefined ? undefined : (mark as Mark);
  }

  /** Does work in the context of the run. */
  markRun(work: () => void): void {
    marked({ nesting: this, row: undefined, number: 0 } satisfies Mark, work, undefined);
  }

  /** Starts an attempt, in a context that tells of it. */
  start(attempt: MarkedAttempt): void {
    const { row, number } = attempt;
    marked({ nesting: this, row, number } satisfies Mark, startAttempt, attempt);
  }

  /** Warns where a run was started by a step of another with which it shares what both may wait for. */
  warn(): void {
    const inner = this.#run;
    if (inner === undefined) return;
    for (let mark = this.#outer; mark !== undefined; mark = mark.nesting.#outer) {
      const { nesting } = mark;
      const outer = nesting.#run;
      const hazard = outer === undefined ? undefined : this.#hazardWith(nesting, inner, outer, mark);
      if (outer === undefined || hazard === undefined) continue;
      const message = messageOf(inner, outer, hazard);
      const warning = { topic: 'nested', stepId: '', attempt: 0, message } as const;
      inner.report.warn(warning);
      if (nesting.#hasTold) continue;
      nesting.#hasTold = true;
      outer.within(() => {
        outer.report.warn({ ...warning, stepId: hazard.attempt?.stepId ?? '' });
      });
    }
  }

  /** The run is over: its marks lead nowhere. */
  end(): void {
    this.#run = undefined;
    // Or of runs that start one another, each would keep the one before.
    this.#outer = undefined;
  }

  #hazardWith(nesting: Nesting, inner: MarkedRun, outer: MarkedRun, mark: Mark): Hazard | undefined {
    const attempts = nesting.#attemptOf(mark, outer);
    for (const budget of this.#budgets) {
      if (!nesting.#budgets.includes(budget) || attempts.length === 0) continue;
      if (budget.runs !== undefined)
        return { budget, name: 'runs', attempt: attempts.length === 1 ? attempts[0] : undefined };
      const demanded = new Set([...inner.blueprint.resources, 'concurrency']);
      for (const attempt of attempts) {
        const held = Object.keys(outer.budget.holdings(attempt.holds));
        const name = held.find((each) => demanded.has(each) && budget.shares(each));
        if (name !== undefined) return { budget, name, attempt };
      }
    }
    return undefined;
  }

  /** The attempts that may wait for what was started where a mark was found. */
  #attemptOf(mark: Mark, { attempts }: MarkedRun): readonly MarkedAttempt[] {
    if (mark.row === undefined) return attempts.filter((attempt) => attempt !== undefined);
    const attempt = attempts[mark.row];
    return attempt?.number === mark.number ? [attempt] : [];
  }
}

function startAttempt(attempt: MarkedAttempt): void {
  attempt.start();
}

function messageOf(inner: MarkedRun, outer: MarkedRun, { budget, name, attempt }: Hazard): string {
  const place =
    attempt === undefined ? `run '${outer.runId}'` : `step '${attempt.stepId}' of run '${outer.runId}'`;
  const what = name === 'runs' ? 'both count as `runs`' : `both take of '${name}'`;
  return `run '${inner.runId}' was started within ${place}, and ${what} of the ${budget.label}: if that step waits for it, each may wait for the other for ever; make it a subflow, or share other limits`;
}

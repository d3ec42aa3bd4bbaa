// Long because a run comes into line, is served and leaves by one order, from its beginning to its end.
import type { Rate } from '../admission/rate-window.ts';
import type { SharedAccess, SharedDemand } from '../admission/shared-demand.ts';
import { Claim } from './claim.ts';
import { Claimant, type ClaimingRun } from './claimant.ts';
import { isSomebodyDue, serve } from './line.ts';
import { type MarkedRun, Nesting } from './nesting.ts';
import type { SharedBudget, SharingRun } from './shared-budget.ts';
import type { Part, SharedShape } from './shared-shape.ts';

/** What a run does when others have made room for it. */
export interface ServedRun extends SharingRun, MarkedRun {
  /** Does what comes from outside, in the run's own time and context. */
  wake(work: () => void): void;
  /** Something of it may start that couldn't. */
  goOn(): void;
  /** Its turn to begin has come. */
  begin(): void;
  /** Its present, read when control came to it last. */
  readonly now: number;
}

/** What becomes of a run that wants to begin: it begins, it waits, or as many wait already as may. */
export type Entry = 'begins' | 'waits' | { readonly refusedBy: SharedBudget };

/**
 * One run's part in the limits that it shares: what it claims of them, and its place in their line.
 *
 * 1. Nothing knows of it before `attach` and after `detach`, but for what abandoned bodies hold.
 * 2. A demand is taken of all shared limits at once or of none, so that nothing is held while waiting.
 */
export class Share implements ClaimingRun, SharedAccess {
  readonly budgets: readonly SharedBudget[];
  readonly #run: ServedRun;
  readonly #steps: Claimant<Claim>;
  readonly #claims = new Map<SharedShape, Claim>();
  /** Its place among the runs under way, or among those that wait to be. */
  #entry: Claim | undefined;
  #isAttached = false;
  /** How often limits had been changed when the run was made. */
  readonly #changes: number;

  constructor(budgets: readonly SharedBudget[], priority: number, run: ServedRun) {
    this.budgets = budgets;
    this.#run = run;
    this.#changes = changesOf(budgets);
    let maxOvertakes = Infinity;
    for (const budget of budgets) maxOvertakes = Math.min(maxOvertakes, budget.maxOvertakes);
    this.#steps = new Claimant<Claim>(priority, maxOvertakes, this);
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  get liveNow(): number | undefined {
    return this.#run.clock.live ? this.#run.now : undefined;
  }

  served(): void {
    this.#run.goOn();
  }

  /** Whether limits have changed since the run was made. */
  get hasChanged(): boolean {
    return changesOf(this.budgets) !== this.#changes;
  }

  /** How many runs wait to begin, where this one waits. */
  get runsWaiting(): number {
    return Math.max(...this.budgets.map(({ runs }) => runs?.inLine ?? 0));
  }

  /** Whether it waits for something, its beginning included. */
  get isInLine(): boolean {
    return this.#steps.inLine.size > 0 || this.#entry?.isInLine === true;
  }

  /** Whether abandoned bodies of whatever run hold something. */
  get hasLosses(): boolean {
    for (const { losses } of this.budgets) if (losses > 0) return true;
    return false;
  }

  /** Tells others which of the run's steps has started them; to be made in the context of whoever starts it. */
  nesting(): Nesting {
    return new Nesting(this.budgets, this.#run);
  }

  /** The steps of other runs whose bodies were given up and hold something. */
  givenUpBeside(own: ReadonlySet<object>): string[] {
    const all = this.budgets.flatMap(({ givenUp }) => [...givenUp]);
    return [...new Set(all.flatMap(([holder, name]) => (own.has(holder) ? [] : [name])))];
  }

  /** Whether a class is one of those that are shared. */
  shares(name: string): boolean {
    return this.budgets.some((budget) => budget.shares(name));
  }

  /** The least that there is of a class, and by whose limit; `Infinity` where it isn't shared. */
  capacityOf(name: string): { readonly capacity: number; readonly by: SharedBudget | undefined } {
    let capacity = Infinity;
    let by: SharedBudget | undefined;
    for (const budget of this.budgets) {
      const own = budget.limitOf(name)?.capacity ?? Infinity;
      if (own >= capacity) continue;
      capacity = own;
      by = budget;
    }
    return { capacity, by };
  }

  /** The rates by which a class is shared. */
  ratesOf(name: string): readonly { readonly rate: Rate; readonly by: SharedBudget }[] {
    return this.budgets.flatMap((by) => {
      const rate = by.limitOf(name)?.rate;
      return rate === undefined ? [] : [{ rate, by }];
    });
  }

  /** @throws InvalidOptionsError where its time isn't that of the other runs */
  attach(): void {
    this.#isAttached = true;
    for (const budget of this.budgets) budget.join(this.#run);
  }

  /** What a demand takes of what is shared; `undefined` where that is nothing. */
  claim(names: readonly string[], amounts: readonly number[], rated: readonly number[]): Claim | undefined {
    const parts: Part[] = [];
    let owner: SharedBudget | undefined;
    for (const budget of this.budgets) {
      for (let at = 0; at < names.length; at++) {
        const part = budget.partOf(names[at] as string, amounts[at] as number, rated[at] as number);
        if (part === undefined) continue;
        parts.push(part);
        owner ??= budget;
      }
    }
    // There is one for all who demand the same, and the first of several owners knows it.
    const shape = owner?.shapeOf(parts);
    if (shape === undefined) return undefined;
    let claim = this.#claims.get(shape);
    if (claim === undefined) {
      claim = new Claim(this.#steps, shape);
      this.#claims.set(shape, claim);
    }
    claim.users++;
    return claim;
  }

  /** One of the run's demands isn't known any more. */
  drop(claim: SharedDemand | undefined): void {
    if (!(claim instanceof Claim) || --claim.users > 0) return;
    this.#claims.delete(claim.shape);
    claim.drop();
  }

  /** The run wants to begin. */
  enter(): Entry {
    const limiting = this.budgets.filter(({ runs }) => runs !== undefined);
    const parts = limiting.flatMap(({ runs }) =>
      runs === undefined ? [] : [{ class: runs, amount: 1, rated: 1 }],
    );
    const shape = limiting[0]?.shapeOf(parts);
    if (shape === undefined) return 'begins';
    const run = this.#run;
    const entrant = new Claimant<Claim>(this.#steps.priority, this.#steps.maxOvertakes, {
      served: () => {
        run.begin();
      },
      get liveNow() {
        return run.clock.live ? run.now : undefined;
      },
    });
    const entry = new Claim(entrant, shape);
    this.#entry = entry;
    if (entry.isOpen) {
      entry.take();
      return 'begins';
    }
    const refusedBy = limiting.find(({ runs, maxWaiting }) => (runs?.inLine ?? 0) >= maxWaiting);
    if (refusedBy !== undefined) {
      this.#entry = undefined;
      entry.drop();
      return { refusedBy };
    }
    entry.ask();
    return 'waits';
  }

  /** The turn to begin that was granted is used. */
  useEntry(): void {
    this.#entry?.take();
  }

  settle(): void {
    const steps = this.#steps;
    for (let claim = steps.granted.first; claim !== undefined; claim = steps.granted.first)
      claim.returnGrant();
    for (let claim = steps.inLine.first; claim !== undefined; ) {
      const { next } = claim;
      if (claim.askedIn !== steps.pass) claim.leave();
      claim = next;
    }
    steps.pass++;
    // Here, where it is at rest as far as it knows, the others can have their turn within its own.
    if (isSomebodyDue()) serve();
  }

  /** Nothing of the run starts any more. */
  leaveLine(): void {
    const { granted, inLine } = this.#steps;
    for (let claim = granted.first; claim !== undefined; claim = granted.first) claim.returnGrant();
    for (let claim = inLine.first; claim !== undefined; claim = inLine.first) claim.leave();
    if (this.#entry?.isInLine === true || this.#entry?.isGranted === true) {
      this.#entry.drop();
      this.#entry = undefined;
    }
    this.passed();
  }

  /** The run has broken down: nothing that it holds would come back, but from bodies that were given up. */
  breakOff(): void {
    for (const claim of this.#claims.values()) claim.giveAllBack();
    this.detach();
    serve();
  }

  /** Something has come back, be the run over or broken. */
  cameBack(): void {
    if (!this.#isAttached) serve();
  }

  /** The run is over. */
  detach(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.leaveLine();
    const entry = this.#entry;
    this.#entry = undefined;
    entry?.giveBack();
    entry?.drop();
    for (const claim of this.#claims.values()) claim.drop();
    this.#claims.clear();
    for (const budget of this.budgets) budget.leave(this.#run);
  }

  passed(): void {
    if (isSomebodyDue()) this.#run.wake(serve);
  }
}

function changesOf(budgets: readonly SharedBudget[]): number {
  return budgets.reduce((sum, { changes }) => sum + changes, 0);
}

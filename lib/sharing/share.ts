import type { Rate } from '../admission/rate-window.ts';
import type { SharedAccess, SharedDemand } from '../admission/shared-demand.ts';
import { Claim, type Claimant } from './claim.ts';
import { isSomebodyDue, serve } from './line.ts';
import type { SharedBudget, SharingRun } from './shared-budget.ts';
import type { Part, SharedShape } from './shared-shape.ts';

/** What a run does when others have made room for it. */
export interface ServedRun extends SharingRun {
  /** Does what comes from outside, in the run's own time and context. */
  wake(work: () => void): void;
  /** Its turn to begin has come. */
  begin(): void;
  /** Its present, read when control came to it last. */
  readonly now: number;
}

/** How much one demand takes of a class, and how much of it counts for its rate. */
export type DemandEntry = readonly [name: string, amount: number, rated: number];

/** What there is too little of for good. */
interface Loss {
  readonly name: string;
  readonly capacity: number;
  readonly lost: number;
  readonly label: string;
}

/** What becomes of a run that wants to begin: it begins, it waits, or as many wait already as may. */
export type Entry = 'begins' | 'waits' | { readonly refusedBy: SharedBudget };

/**
 * One run's part in the limits that it shares: what it claims of them, and its place in their line.
 *
 * 1. Nothing knows of it before `attach` and after `detach`, but for what abandoned bodies hold.
 * 2. A demand is taken of all shared limits at once or of none, so that nothing is held while waiting.
 */
export class Share implements Claimant, SharedAccess {
  readonly priority: number;
  readonly maxOvertakes: number;
  readonly budgets: readonly SharedBudget[];
  pass = 0;
  readonly inLine = new Set<Claim>();
  readonly granted = new Set<Claim>();
  readonly look: () => void;
  readonly #run: ServedRun;
  readonly #claims = new Map<SharedShape, Claim>();
  readonly #entrant: Claimant;
  /** Its place among the runs under way, or among those that wait to be. */
  #entry: Claim | undefined;
  #isAttached = false;
  /** How often limits had been changed when the run was made. */
  readonly #changes: number;

  constructor(budgets: readonly SharedBudget[], priority: number, run: ServedRun) {
    this.budgets = budgets;
    this.priority = priority;
    this.maxOvertakes = Math.min(...budgets.map((budget) => budget.maxOvertakes));
    this.#run = run;
    this.#changes = changesOf(budgets);
    this.look = () => {
      run.wake(doNothing);
    };
    this.#entrant = {
      priority,
      maxOvertakes: this.maxOvertakes,
      pass: 0,
      inLine: new Set(),
      granted: new Set(),
      served: () => {
        run.begin();
      },
      look: this.look,
      get liveNow() {
        return run.clock.live ? run.now : undefined;
      },
    };
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  get liveNow(): number | undefined {
    return this.#run.clock.live ? this.#run.now : undefined;
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
    return this.inLine.size > 0 || this.#entry?.isInLine === true;
  }

  /** Whether abandoned bodies of whatever run hold something. */
  get hasLosses(): boolean {
    return this.budgets.some((budget) => budget.losses > 0);
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
  claim(entries: readonly DemandEntry[]): Claim | undefined {
    const parts = this.budgets.flatMap((budget) => entries.flatMap((entry) => budget.partOf(...entry) ?? []));
    const shape = shapeOf(parts);
    if (shape === undefined) return undefined;
    let claim = this.#claims.get(shape);
    if (claim === undefined) {
      claim = new Claim(this, shape);
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

  /** What a claim lacks for good, since abandoned bodies hold too much of it. */
  lossFor(claim: SharedDemand | undefined): Loss | undefined {
    const lost = claim instanceof Claim ? claim.shape.hopelessPart?.class : undefined;
    return lost === undefined
      ? undefined
      : { name: lost.name, capacity: lost.capacity, lost: lost.lost, label: lost.owner.label };
  }

  /** A body was given up that holds something; it is told by that name. */
  gaveUp(holder: object, claim: SharedDemand | undefined, name: string): void {
    if (!(claim instanceof Claim)) return;
    for (const { class: each } of claim.shape.parts) each.owner.givenUp.set(holder, name);
  }

  /** It has stopped after all. */
  recovered(holder: object): void {
    for (const budget of this.budgets) budget.givenUp.delete(holder);
  }

  /** The steps of other runs whose bodies were given up and hold something that is shared. */
  givenUpBeside(own: ReadonlySet<object>): string[] {
    const others = this.budgets.flatMap(({ givenUp }) => [...givenUp]);
    return [...new Set(others.flatMap(([holder, name]) => (own.has(holder) ? [] : [name])))];
  }

  /** The run wants to begin. */
  enter(): Entry {
    const parts = this.budgets.flatMap((budget) =>
      budget.runs === undefined ? [] : [{ class: budget.runs, amount: 1, rated: 1 }],
    );
    const shape = shapeOf(parts);
    if (shape === undefined) return 'begins';
    const entry = new Claim(this.#entrant, shape);
    this.#entry = entry;
    if (entry.isOpen) {
      entry.take();
      return 'begins';
    }
    const refusedBy = this.budgets.find(
      ({ runs, maxWaiting }) => runs !== undefined && runs.inLine >= maxWaiting,
    );
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
    for (const claim of this.granted) claim.returnGrant();
    for (const claim of this.inLine) if (claim.askedIn !== this.pass) claim.leave();
    this.pass++;
    this.passed();
  }

  /** Nothing of the run starts any more. */
  leaveLine(): void {
    for (const claim of this.granted) claim.returnGrant();
    for (const claim of this.inLine) claim.leave();
    if (this.#entry?.isInLine === true || this.#entry?.isGranted === true) {
      this.#entry.drop();
      this.#entry = undefined;
    }
    this.passed();
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

  served(): void {
    this.look();
  }

  passed(): void {
    if (isSomebodyDue()) this.#run.wake(serve);
  }
}

/** There is one demand for all who demand the same of the same limits. */
function shapeOf(parts: readonly Part[]): SharedShape | undefined {
  const owner = parts[0]?.class.owner as SharedBudget | undefined;
  return owner?.shapeOf(parts);
}

function changesOf(budgets: readonly SharedBudget[]): number {
  return budgets.reduce((sum, { changes }) => sum + changes, 0);
}

function doNothing(): void {
  // Coming back is all that is needed.
}

// Long because what is asked for, in line, granted, taken and lost is one thing, and counted together.
import type { SharedDemand, SharedLack, SharedLoss } from '../admission/shared-demand.ts';
import { ListNode } from '../base/linked-list.ts';
import type { Claimant } from './claimant.ts';
import { lookAgain, question } from './line.ts';
import { type Part, type SharedShape, Spot, type Waiter } from './shared-shape.ts';

/** Moments at which somebody came into line, had a turn or started, in their order. */
let moments = 0;

/**
 * What one run asks of shared limits for those of its steps that demand the same of them.
 *
 *     ask ──▶ take ──▶ giveBack
 *      │       ▲
 *      └─▶ in line ──▶ granted: taken already, for whatever the run likes best to start with it
 *
 * 1. It waits in line once, however many steps wait with it. After a start of its run it stands behind all others, with all claims of
 *    the run that take of the same classes: a start each.
 * 2. Whatever comes free by it is only put in question here. Whoever is due is served when the run has asked for all that it could start
 *    now, so that it has its place among them.
 * 3. What is granted stays taken until the run has had its turn. It may then start something else of the same classes instead.
 */
export class Claim extends ListNode implements SharedDemand, Waiter {
  declare previous: Claim | undefined;
  declare next: Claim | undefined;
  readonly shape: SharedShape;
  isInLine = false;
  since = 0;
  turn = 0;
  isBarrier = false;
  isGranted = false;
  /** The pass in which the run has asked for it last. */
  askedIn = -1;
  /** How many of the run's own demands come to it. */
  users = 0;
  /** How often the run holds it, but for what it has given up hope of. */
  #held = 0;
  readonly #claimant: Claimant<Claim>;
  /** When it was granted, by the clock of each class, where rates ask for it. */
  #grantedAt = never;
  #overtaken = 0;
  #lastOvertake = 0;
  #lacked: Part | undefined;
  // Few ever wait.
  #arrival: Spot | undefined;
  #rank: Spot | undefined;

  constructor(claimant: Claimant<Claim>, shape: SharedShape) {
    super();
    this.#claimant = claimant;
    this.shape = shape;
    shape.keepers++;
  }

  get priority(): number {
    return this.#claimant.priority;
  }

  get arrival(): Spot {
    this.#arrival ??= new Spot(this);
    return this.#arrival;
  }

  get rank(): Spot {
    this.#rank ??= new Spot(this);
    return this.#rank;
  }

  get isHopeless(): boolean {
    return this.shape.hopelessPart !== undefined;
  }

  get loss(): SharedLoss | undefined {
    const lost = this.shape.hopelessPart?.class;
    return lost === undefined
      ? undefined
      : { name: lost.name, capacity: lost.capacity, lost: lost.lost, label: lost.owner.label };
  }

  noteGivenUp(holder: object, name: string): void {
    for (const { class: each } of this.shape.parts) each.owner.givenUp.set(holder, name);
  }

  forgetGivenUp(holder: object): void {
    for (const { class: each } of this.shape.parts) each.owner.givenUp.delete(holder);
  }

  get liveNow(): number | undefined {
    return this.#claimant.run.liveNow;
  }

  ask(): boolean {
    this.askedIn = this.#claimant.pass;
    if (this.isGranted || this.isOpen) return true;
    if (!this.isInLine) this.#enter(++moments);
    this.#lacked = lackingOf(this.shape.parts);
    return false;
  }

  get lacked(): SharedLack | undefined {
    if (this.#lacked === undefined) return undefined;
    const { class: each } = this.#lacked;
    const isPaused = each.isPaused || each.owner.isPaused;
    const isTaken = each.taken + this.#lacked.amount > each.ceiling;
    const how = isPaused ? 'pause' : isTaken || each.window === undefined ? 'resource' : 'rate';
    return each.lackOf(how);
  }

  /** Whether it may be taken now, without a turn or in one that the run has. */
  get isOpen(): boolean {
    const { shape } = this;
    return this.#claimant.granted.size > 0 ? this.#isOpenInTurn() : shape.isOpenFor(this);
  }

  take(): void {
    const claimant = this.#claimant;
    if (this.isGranted) {
      this.isGranted = false;
      claimant.granted.remove(this);
    } else {
      // One start a turn.
      for (let other = claimant.granted.first; other !== undefined; ) {
        const { next } = other;
        if (other.shape.competesWith(this.shape)) other.#surrender();
        other = next;
      }
      this.#take();
    }
    claimant.pass++;
    for (let other = claimant.inLine.first; other !== undefined; other = other.next)
      if (other !== this && other.shape.competesWith(this.shape)) other.#moveBack();
  }

  /** It is taken on the run's behalf, which is woken to use it. */
  grant(): void {
    this.#take();
    this.isGranted = true;
    this.#grantedAt = this.shape.isRated ? this.shape.parts.map((part) => part.class.startedAt) : never;
    this.#claimant.granted.push(this);
    this.#claimant.run.served();
  }

  /** The run has no use for what was granted. */
  returnGrant(): void {
    this.isGranted = false;
    this.#claimant.granted.remove(this);
    for (const [place, { class: each, rated }] of this.shape.parts.entries())
      each.undoStart(rated, this.#grantedAt[place] ?? 0);
    this.giveBack();
  }

  giveBack(): void {
    const { shape } = this;
    const { parts } = shape;
    this.#held--;
    shape.held--;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as Part;
      part.class.giveBack(part.amount);
      if (part.class.inLine > 0 && this.#isWaitedForByOthers(part)) question(part.class);
    }
    shape.forgetIfIdle();
  }

  split(parts: readonly (SharedDemand | undefined)[]): void {
    const count = (claim: Claim, sign: 1 | -1): void => {
      claim.#held += sign;
      claim.shape.held += sign;
      for (const part of claim.shape.parts) part.class.countHolders(sign);
    };
    for (const part of parts) if (part instanceof Claim) count(part, 1);
    count(this, -1);
  }

  forfeit(): void {
    this.#held--;
    this.#lose(1);
  }

  recover(): void {
    this.#held++;
    this.#lose(-1);
  }

  /** Gives back all that the run holds, since nobody will; what it has given up hope of comes back by itself. */
  giveAllBack(): void {
    while (this.#held > 0) this.giveBack();
  }

  overtake(start: number): void {
    // One that shares two classes with what starts is overtaken once.
    if (this.isBarrier || this.#lastOvertake === start) return;
    this.#lastOvertake = start;
    if (++this.#overtaken >= this.#claimant.maxOvertakes) this.#becomeBarrier();
  }

  /** It waits no longer, nor do those who had to wait for it. */
  leave(): void {
    const wasBarrier = this.isBarrier;
    this.shape.leave(this);
    this.isBarrier = false;
    this.isInLine = false;
    this.#claimant.inLine.remove(this);
    if (wasBarrier) for (const part of this.shape.parts) question(part.class);
  }

  /** The run doesn't know it any more; what is taken still is. */
  drop(): void {
    if (this.isGranted) this.returnGrant();
    if (this.isInLine) this.leave();
    this.shape.keepers--;
    this.shape.forgetIfIdle();
  }

  #enter(since: number): void {
    this.since = since;
    this.turn = ++moments;
    this.#overtaken = 0;
    this.isInLine = true;
    this.shape.enter(this);
    this.#claimant.inLine.push(this);
    if (this.#claimant.maxOvertakes === 0) this.#becomeBarrier();
  }

  #becomeBarrier(): void {
    this.isBarrier = true;
    this.shape.bar(this);
  }

  #moveBack(): void {
    this.turn = ++moments;
    this.shape.moveBack(this);
  }

  #take(): void {
    const since = this.isInLine ? this.since : Infinity;
    const { shape } = this;
    const { parts } = shape;
    shape.countOvertakes(since, ++moments);
    if (this.isInLine) this.leave();
    this.#held++;
    shape.held++;
    for (let at = 0; at < parts.length; at++) {
      const { class: each, amount, rated } = parts[at] as Part;
      each.take(amount, rated);
    }
  }

  /** Another claim of the run has its turn: it waits again where it stood. */
  #surrender(): void {
    const { since } = this;
    this.returnGrant();
    this.#enter(since);
  }

  /** In its turn a run may take what it was granted for something else. */
  #isOpenInTurn(): boolean {
    for (const { class: each, amount, rated } of this.shape.parts) {
      let reserved = 0;
      for (let other = this.#claimant.granted.first; other !== undefined; other = other.next)
        for (const part of other.shape.parts) if (part.class === each) reserved += part.amount;
      if (each.taken - reserved + amount > each.ceiling || each.isShut(rated)) return false;
      if (each.isInQuestion && reserved === 0) return false;
    }
    return !this.shape.isBarredFor(this);
  }

  /** What only the run itself waits for it takes without being served, in the order of its own steps. */
  #isWaitedForByOthers({ class: each }: Part): boolean {
    const { inLine } = this.#claimant;
    // A claim waits for a class once.
    if (inLine.size < each.inLine) return true;
    let own = 0;
    for (let claim = inLine.first; claim !== undefined; claim = claim.next)
      for (const part of claim.shape.parts) if (part.class === each) own++;
    return own < each.inLine;
  }

  #lose(sign: 1 | -1): void {
    for (const part of this.shape.parts) {
      part.class.lose(part.amount, sign);
      for (const shape of part.class.waiting)
        for (const waiter of shape.waiters())
          if (waiter instanceof Claim) lookAgain(part.class, waiter.#claimant.run);
    }
  }
}

const never: readonly number[] = [];

/** The first that is lacking; the first of all where only others have to be asked before. */
function lackingOf(parts: readonly Part[]): Part | undefined {
  for (const part of parts) if (isLacking(part)) return part;
  return parts[0];
}

function isLacking({ class: each, amount, rated }: Part): boolean {
  return each.taken + amount > each.ceiling || each.isShut(rated);
}

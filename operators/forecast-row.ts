import { inOrder } from './in-order.ts';
import { LogNormal } from './log-normal.ts';

export const waiting = 0;
export const running = 1;
export const over = 2;

/** A step faster than this, in ms, is as fast as this: a logarithm has to be found. */
export const fastest = 0.01;

/** What is known of a step before it runs. */
export interface Foreknowledge {
  /** What it was expected to take before the run, in ms; NaN where nobody knew. */
  readonly prior: number;
  /** Whether that was measured, and so is of all that comes of it. */
  readonly isMeasured: boolean;
  /** Names those that are likely to take as long: of its group, or of a like name at the same depth. */
  readonly kind: string;
  /** What it takes of each resource class: place, amount, place, amount … */
  readonly demands: readonly number[];
}

/** A step as a forecast sees it: what it was expected to take, and where it stands. */
export class Row {
  readonly prior: number;
  readonly isMeasured: boolean;
  readonly kind: string;
  readonly demands: readonly number[];
  /** The step that it came of. */
  readonly host: Row | undefined;
  /** What it waits for. */
  needs: readonly Row[] = [];
  /** Under which name it is told of; absent before it has come. */
  id: string | undefined;
  /** What came of it, or will. */
  brood: Brood | undefined;
  state: typeof waiting | typeof running | typeof over = waiting;
  startedAt = 0;
  fraction = 0;
  /** What it took, all that came of it included, where it is over; 0 where nobody knows. */
  weight = 0;
  /** Whether it counts as done where it is over. */
  isDone = true;
  /** Its place in a list of children. */
  place = 0;
  /** Of one forecast: what it is expected to take, the longest path to its end, and what of that is waiting for room within. */
  expectation = 0;
  path = 0;
  bounded = 0;

  constructor({ prior, isMeasured, kind, demands }: Foreknowledge, host: Row | undefined) {
    this.prior = prior;
    this.isMeasured = isMeasured;
    this.kind = kind;
    this.demands = demands;
    this.host = host;
  }

  get hasPrior(): boolean {
    return !Number.isNaN(this.prior);
  }

  /** Whether what is left of it is told by what came of it, or will, rather than by how long it takes. */
  get isMadeOfOthers(): boolean {
    const { brood } = this;
    if (brood?.isForeseen !== true) return false;
    // What is known of the whole counts until something has come, and as long as nothing is known of its parts.
    if (brood.added > 0) return !(this.isMeasured && brood.isUnknown);
    return !this.isMeasured && !(this.hasPrior && brood.isGraph);
  }
}

/** What a fan-out says beforehand of its children. */
export interface Litter {
  /** How many there will be, where that is known. */
  readonly count: number | undefined;
  /** How many may run at once. */
  readonly concurrency: number;
  /** What each is expected to take, in ms; NaN where nobody knows. */
  readonly prior: number;
  /** What each takes of each resource class: place, amount, place, amount … */
  readonly demands: readonly number[];
}

/**
 * What comes of an attempt of a step: steps of a graph, or children that are all alike.
 *
 * 1. Children that are over are kept in numbers; steps of a graph as long as their host isn't over.
 * 2. `rows` has dependencies before those that need them, once it was asked for.
 */
export class Brood {
  readonly isGraph: boolean;
  readonly concurrency: number;
  readonly prior: number;
  /** What those took that are over: durations, or their ratios to the prior. */
  readonly took: LogNormal;
  /** How many have come, and how many of these are over. */
  added = 0;
  settled = 0;
  /** The time that those took which are over, and that of those which count as done. */
  spent = 0;
  done = 0;
  demands: readonly number[];
  /** Of one forecast: what each child that has yet to come is expected to take, and how many of them there are. */
  expectation = 0;
  rest = 0;
  isRestKnown = true;
  readonly #count: number | undefined;
  readonly #foreseen: readonly Row[];
  #rows: Row[];
  #needs = new Map<Row, readonly string[]>();
  #endedSinceAdded = Number.NaN;

  private constructor(
    isGraph: boolean,
    { count, concurrency, prior, demands }: Litter,
    foreseen: readonly Row[],
  ) {
    this.isGraph = isGraph;
    this.concurrency = concurrency;
    this.prior = prior;
    this.demands = demands;
    this.took = new LogNormal(Number.isNaN(prior) ? spreadOfUnknown : spreadOfKnown);
    this.#count = count;
    this.#foreseen = foreseen;
    this.#rows = foreseen.length === 0 ? [] : inOrder(foreseen);
  }

  /** The steps of a graph, in the order in which they are going to be told of; none where they aren't known yet. */
  static ofGraph(foreseen: readonly Row[]): Brood {
    return new Brood(true, nothingKnown, foreseen);
  }

  static ofChildren(litter: Litter = nothingKnown): Brood {
    return new Brood(false, litter, []);
  }

  /** Whether it is known what there is, or some of it. */
  get isForeseen(): boolean {
    return this.added > 0 || this.#foreseen.length > 0 || this.#count !== undefined;
  }

  /** Whether nobody knows how long any of it takes. */
  get isUnknown(): boolean {
    return !this.isGraph && this.took.count === 0 && Number.isNaN(this.prior);
  }

  /** The steps of the graph, or the children that aren't over. */
  get rows(): readonly Row[] {
    if (this.#needs.size > 0) {
      const byId = new Map(this.#rows.map((row) => [row.id, row]));
      for (const [row, ids] of this.#needs)
        row.needs = ids.map((id) => byId.get(id)).filter((needed) => needed !== undefined);
      this.#needs = new Map();
      this.#rows = inOrder(this.#rows);
    }
    return this.#rows;
  }

  /** The row of the one that comes next, where it was foreseen. */
  get next(): Row | undefined {
    return this.#foreseen[this.added];
  }

  /** One has come. */
  add(row: Row, dependsOn: readonly string[]): void {
    if (row !== this.next) {
      row.place = this.#rows.push(row) - 1;
      if (this.isGraph) this.#needs.set(row, dependsOn);
      this.demands = row.demands;
    }
    this.added++;
    this.#endedSinceAdded = Number.NaN;
  }

  /** One is over. */
  settle(row: Row, at: number, weight: number): void {
    this.settled++;
    this.spent += weight;
    if (row.isDone) this.done += weight;
    if (this.isGraph) return;
    if (Number.isNaN(this.#endedSinceAdded)) this.#endedSinceAdded = at;
    const last = this.#rows.pop() as Row;
    if (last === row) return;
    this.#rows[row.place] = last;
    last.place = row.place;
  }

  /**
   * How many children are likely to come yet, and whether that is known. Where nobody says how many there are, there are likely to be
   * as many more as are over, or as there is time for by a history; until a child is over and no other has taken its place.
   */
  foresee(at: number, whole: number, startedAt: number): void {
    this.isRestKnown = true;
    this.rest = 0;
    if (this.isGraph) return;
    if (this.#count !== undefined) this.rest = Math.max(0, this.#count - this.added);
    else if (!(at > this.#endedSinceAdded)) {
      this.isRestKnown = false;
      const elapsed = at - startedAt;
      const isMeasured = !Number.isNaN(whole) && this.settled > 0 && elapsed > 0;
      this.rest = isMeasured
        ? Math.max(0, ((whole - elapsed) / elapsed) * this.settled - this.#rows.length)
        : this.settled;
    }
  }

  /** Those that were told of and aren't over. */
  *open(): Iterable<Row> {
    for (const row of this.#rows) if (row.id !== undefined && row.state !== over) yield row;
  }
}

/** How far the logarithms of durations scatter about estimates, where nothing is known yet, and where there are no estimates. */
export const spreadOfKnown = 0.35;
export const spreadOfUnknown = 0.8;

const nothingKnown: Litter = { count: undefined, concurrency: Infinity, prior: Number.NaN, demands: [] };

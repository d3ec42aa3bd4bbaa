// Long because how far a run is and what is left of it are told by one walk over all that is known.
import { ownOf } from '../lib/base/record.ts';
import type { Expectations } from './expectations.ts';
import { type Brood, over, type Row, running } from './forecast-row.ts';
import { type NormalDraws, quantileOfNormal } from './normal-draws.ts';

/** How long something may take, in ms. */
export interface Interval {
  /** It is hardly less. */
  readonly low: number;
  /** The best guess. */
  readonly likely: number;
  /** It is hardly more. */
  readonly high: number;
}

/** What a forecast is off by though every duration were known: the order in which steps start, and what waits for what. */
const modelError = 0.13;

/** Between the longest path and the work on the busiest resource: near the longer one, and above it where both are near. */
const blend = 4;

/** By how much of what it has taken by now a step is likely to go on that takes longer than it could be expected to. */
const overdue = 0.25;

/** How much of the spread of steps without estimates is theirs alone, and how much many have in common. */
const alone = 0.15;
const together = 0.7;

/** How far the logarithm of a number of children scatters about a guess. */
const spreadOfGuess = 1;

/** What an outlook looks at. */
export interface Present {
  /** When. */
  readonly at: number;
  /** The workflow's own steps, dependencies before those that need them. */
  readonly rows: readonly Row[];
  /** The names of the resource classes, by place. */
  readonly classes: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/**
 * How long what is left takes from a moment on.
 *
 * From what each step is expected to take follow the longest path and the work that is left for each resource class; what is left
 * takes about as long as the longest of these. A step that is made of others takes as long as they do, by the same rule.
 */
export class Outlook {
  readonly #present: Present;
  readonly #expectations: Expectations;
  readonly #normals: NormalDraws;
  readonly #limits: Float64Array;
  readonly #concurrency: number;
  /** How far durations scatter, each by itself. */
  #spread = 0;
  #allWork = 0;
  #unknownWork = 0;
  /** Of one draw: the work for each class, and all of it. */
  #work: Float64Array;
  #all = 0;
  /** Of the rows drawn last: what of the longest path is waiting for room within steps. */
  #bounded = 0;

  constructor(present: Present, expectations: Expectations, normals: NormalDraws) {
    const { classes, limits } = present;
    this.#present = present;
    this.#expectations = expectations;
    this.#normals = normals;
    this.#limits = Float64Array.from(classes, (name) => ownOf(limits, name) ?? Infinity);
    this.#concurrency = limits['concurrency'] ?? Infinity;
    this.#work = new Float64Array(classes.length);
  }

  /** `undefined` where there is nothing to go by. */
  remaining(): Interval | undefined {
    const { rows } = this.#present;
    const { ratios, unknown } = this.#expectations;
    if (!this.#expect(rows)) return undefined;
    if (this.#allWork === 0) return { low: 0, likely: 0, high: 0 };
    const share = this.#unknownWork / this.#allWork;
    // Steps without estimates are alike within a kind, so what isn't known of them isn't known of many together.
    this.#spread = ratios.spread * (1 - share) + alone * unknown.spread * share;
    const measured = ratios.count * (1 - share) + unknown.count * share;
    // By how much all durations may be off together, since so few were measured; and the rest of what isn't known.
    const common = Math.sqrt(
      this.#spread ** 2 / (measured + 1) + (together * unknown.spread * share) ** 2 + modelError ** 2,
    );
    const samples = new Float64Array(sampleCountFor(rows.length));
    for (let sample = 0; sample < samples.length; sample++) {
      // Spread evenly, so that few will do.
      const factor = Math.exp(common * quantileOfNormal((sample + 0.5) / samples.length));
      samples[sample] = this.#draw() * factor;
    }
    samples.sort();
    return {
      low: quantile(samples, 0.05),
      likely: quantile(samples, 0.5),
      high: quantile(samples, 0.95),
    };
  }

  /** Notes what each step is expected to take; says whether there is something to go by. */
  #expect(rows: readonly Row[]): boolean {
    for (const row of rows) {
      if (row.state === over) continue;
      if (row.isMadeOfOthers) {
        const brood = row.brood as Brood;
        if (!this.#expect(brood.rows) || !this.#expectRest(row, brood)) return false;
        continue;
      }
      row.expectation = this.#expectations.of(row);
      if (Number.isNaN(row.expectation)) return false;
      this.#count(row.expectation, this.#expectations.ignoranceOf(row));
    }
    return true;
  }

  #expectRest(host: Row, brood: Brood): boolean {
    brood.foresee(
      this.#present.at,
      host.isMeasured ? this.#expectations.of(host) : Number.NaN,
      host.startedAt,
    );
    if (brood.rest === 0) return true;
    brood.expectation = this.#expectations.ofChildOf(host);
    if (Number.isNaN(brood.expectation)) return false;
    const ignorance = brood.isRestKnown ? this.#expectations.ignoranceOfChildrenOf(host) : 1;
    this.#count(brood.rest * brood.expectation, ignorance);
    return true;
  }

  #count(work: number, ignorance: number): void {
    this.#allWork += work;
    this.#unknownWork += work * ignorance;
  }

  /** How long what is left takes, with durations that chance has chosen. */
  #draw(): number {
    this.#work.fill(0);
    this.#all = 0;
    const longest = this.#longest(this.#present.rows);
    const busiest = this.#busiest(this.#work, this.#all, this.#concurrency);
    // Those that wait for room within a step on the path are on it already.
    const beside = Math.max(0, busiest - this.#bounded);
    return Math.max(busiest, (longest ** blend + beside ** blend) ** (1 / blend));
  }

  #longest(rows: readonly Row[]): number {
    let longest = 0;
    let longestBounded = 0;
    for (const row of rows) {
      let before = 0;
      let bounded = 0;
      for (const needed of row.needs) {
        if (needed.path <= before) continue;
        before = needed.path;
        bounded = needed.bounded;
      }
      row.path = 0;
      row.bounded = 0;
      if (row.state === over) continue;
      this.#bounded = 0;
      row.path = before + this.#left(row);
      row.bounded = bounded + this.#bounded;
      if (row.path <= longest) continue;
      longest = row.path;
      longestBounded = row.bounded;
    }
    this.#bounded = longestBounded;
    return longest;
  }

  #left(row: Row): number {
    if (row.isMadeOfOthers) return this.#leftWithin(row.brood as Brood);
    const left = this.#sampledLeft(row);
    this.#addWork(row.demands, left);
    return left;
  }

  #leftWithin(brood: Brood): number {
    const before = this.#work.slice();
    const allBefore = this.#all;
    let longest = this.#longest(brood.rows);
    if (brood.rest > 0) {
      const typical = brood.expectation;
      const sampled = typical * Math.exp((brood.took.spread / Math.sqrt(brood.rest)) * this.#normals.draw());
      const count = brood.isRestKnown
        ? brood.rest
        : brood.rest * Math.exp(spreadOfGuess * this.#normals.draw());
      this.#addWork(brood.demands, count * sampled);
      longest = Math.max(longest, typical);
    }
    const concurrency = Math.min(this.#concurrency, brood.concurrency);
    const added = this.#work.map((work, place) => work - (before[place] as number));
    const busiest = this.#busiest(added, this.#all - allBefore, concurrency);
    if (busiest <= longest) return longest;
    this.#bounded = busiest - longest;
    return busiest;
  }

  #addWork(demands: readonly number[], ms: number): void {
    this.#all += ms;
    for (let place = 0; place < demands.length; place += 2)
      (this.#work[demands[place] as number] as number) += (demands[place + 1] as number) * ms;
  }

  #busiest(work: Float64Array, all: number, concurrency: number): number {
    let busiest = all / concurrency;
    for (let place = 0; place < work.length; place++)
      busiest = Math.max(busiest, (work[place] as number) / (this.#limits[place] as number));
    return busiest;
  }

  /** What is left of a step whose duration is up to chance, but longer than what it has taken by now. */
  #sampledLeft(row: Row): number {
    const spread = this.#spreadOf(row);
    const expected = row.expectation * Math.exp(-(spread ** 2) / 2);
    if (row.state !== running) return expected * Math.exp(spread * this.#normals.draw());
    const elapsed = this.#present.at - row.startedAt;
    if (row.fraction > 0) return (elapsed * (1 - row.fraction)) / row.fraction;
    for (let attempt = 0; attempt < 4; attempt++) {
      const duration = expected * Math.exp(spread * this.#normals.draw());
      if (duration > elapsed) return duration - elapsed;
    }
    return elapsed * overdue * Math.exp(this.#normals.draw());
  }

  #spreadOf(row: Row): number {
    const siblings = row.host?.brood;
    return siblings?.isGraph === false && siblings.took.count > 1 ? siblings.took.spread : this.#spread;
  }
}

/** What of a step is likely to be left: one that takes longer than expected is likely to go on for a while. */
export function likelyLeft(row: Row, expected: number, at: number): number {
  if (row.state !== running) return expected;
  const elapsed = at - row.startedAt;
  if (row.fraction > 0) return (elapsed * (1 - row.fraction)) / row.fraction;
  return Math.max(expected - elapsed, overdue * elapsed);
}

/** Many for few steps and few for many, so that a forecast costs a few ms at most. */
function sampleCountFor(steps: number): number {
  return Math.max(5, Math.min(25, Math.ceil(20_000 / steps)));
}

/** The value below which that share of the sorted values lies. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}

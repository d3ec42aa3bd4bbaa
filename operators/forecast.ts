import { ownOf } from '../lib/base/record.ts';
import { seededRandom } from '../lib/base/seeded-random.ts';
import type { StepInfo } from '../lib/definition/workflow-info.ts';
import { LogNormal } from './log-normal.ts';

/** How long something may take, in ms. */
export interface Interval {
  /** It is hardly less. */
  readonly low: number;
  /** The best guess. */
  readonly likely: number;
  /** It is hardly more. */
  readonly high: number;
}

/** How far the logarithms of durations scatter about estimates, where nothing is known yet. */
const guessedSpread = 0.35;

/** And where there are no estimates to scatter about. */
const guessedSpreadOfUnknown = 0.8;

/** What a forecast is off by though every duration were known: the order in which steps start, and what waits for what. */
const modelError = 0.13;

/** Between the longest path and the work on the busiest resource: near the longer one, and above it where both are near. */
const blend = 4;

/** Steps faster than this, in ms, are as fast as this: a logarithm has to be found. */
const fastest = 0.01;

/** By how much of what it has taken by now a step is likely to go on that takes longer than it could be expected to. */
const overdue = 0.25;

/** How much of the spread of steps without estimates is theirs alone, and how much many have in common. */
const alone = 0.15;
const together = 0.7;

const waiting = 0;
const running = 1;
const over = 2;

/**
 * What is left of a run, and how long that may take: a fold over its events.
 *
 * A step's expected duration is its estimate, times the factor by which estimates have been wrong so far; without an estimate, it is
 * what steps without one took, those of its group first. From these follow the longest path and the work that is left for each
 * resource class; what is left takes about as long as the longest of these.
 *
 * An event costs constant time, a forecast a look at every step and dependency.
 */
export class Forecast {
  readonly #steps: readonly StepInfo[];
  #limits: Readonly<Record<string, number>>;
  readonly #indexOf = new Map<string, number>();
  /** What each was expected to take before the run; NaN where nobody knew. */
  readonly #prior: Float64Array;
  readonly #state: Uint8Array;
  readonly #startedAt: Float64Array;
  readonly #fraction: Float64Array;
  /** What each of those over took. */
  readonly #took: Float64Array;
  readonly #wasCancelled: Uint8Array;
  /** Dependencies before those that need them. */
  readonly #order: Uint32Array;
  readonly #dependsOn: readonly (readonly number[])[];
  readonly #ratios = new LogNormal(guessedSpread);
  readonly #unknown = new LogNormal(guessedSpreadOfUnknown);
  readonly #kinds: readonly string[];
  readonly #known = new Map<string, LogNormal>();
  /** The names of the resource classes, and what each step takes of them: place, amount, place, amount … */
  readonly #classes: readonly string[];
  readonly #demands: readonly (readonly number[])[];
  /** What each step is expected to take, and the longest path to its end: of one forecast. */
  readonly #expectations: Float64Array;
  readonly #paths: Float64Array;
  #nextNormal = 0;
  #done = 0;

  constructor(
    steps: readonly StepInfo[],
    limits: Readonly<Record<string, number>>,
    priorOf: (step: StepInfo) => number | undefined,
  ) {
    this.#steps = steps;
    this.#limits = limits;
    for (const [index, { id }] of steps.entries()) this.#indexOf.set(id, index);
    this.#prior = Float64Array.from(steps, (step) => {
      const prior = priorOf(step);
      return prior === undefined ? Number.NaN : Math.max(prior, fastest);
    });
    this.#state = new Uint8Array(steps.length);
    this.#startedAt = new Float64Array(steps.length);
    this.#fraction = new Float64Array(steps.length);
    this.#took = new Float64Array(steps.length);
    this.#wasCancelled = new Uint8Array(steps.length);
    this.#dependsOn = steps.map(({ dependsOn }) => dependsOn.map((id) => this.#indexOf.get(id) ?? 0));
    this.#order = orderOf(this.#dependsOn);
    const depths = depthsOf(this.#order, this.#dependsOn);
    this.#kinds = steps.map(
      ({ id, group }, index) => group ?? `${id.replaceAll(/\d+/g, '#')} ${String(depths[index])}`,
    );
    this.#classes = [...new Set(steps.flatMap(({ demand }) => Object.keys(demand)))];
    this.#demands = steps.map(({ demand }) =>
      Object.entries(demand).flatMap(([name, amount]) => [this.#classes.indexOf(name), amount]),
    );
    this.#expectations = new Float64Array(steps.length);
    this.#paths = new Float64Array(steps.length);
  }

  /** How many steps are over. */
  get done(): number {
    return this.#done;
  }

  /** How many there are. */
  get total(): number {
    return this.#steps.length;
  }

  /** There is more or less of some resource classes from here on. */
  limit(limits: Readonly<Record<string, number>>): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  started(id: string, at: number): void {
    const index = this.#indexOf.get(id);
    if (index === undefined) return;
    this.#state[index] = running;
    this.#startedAt[index] = at;
    this.#fraction[index] = 0;
  }

  progressed(id: string, fraction: number): void {
    const index = this.#indexOf.get(id);
    if (index !== undefined) this.#fraction[index] = fraction;
  }

  /** The attempt has failed, and there will be another. */
  retrying(id: string): void {
    const index = this.#indexOf.get(id);
    if (index !== undefined) this.#state[index] = waiting;
  }

  cancelled(id: string): void {
    this.ended(id, undefined);
    const index = this.#indexOf.get(id);
    if (index !== undefined) this.#wasCancelled[index] = 1;
  }

  /** A step is over; `durationMs` where it has completed. */
  ended(id: string, durationMs: number | undefined): void {
    const index = this.#indexOf.get(id);
    if (index === undefined || this.#state[index] === over) return;
    this.#state[index] = over;
    this.#done++;
    if (durationMs === undefined) return;
    const duration = Math.max(durationMs, fastest);
    this.#took[index] = duration;
    const prior = this.#prior[index] as number;
    if (Number.isNaN(prior)) {
      this.#unknown.add(duration);
      this.#ofKind(index).add(duration);
    } else this.#ratios.add(duration / prior);
  }

  /** The share that is done, weighted by how long steps take, from 0 to 1. What was cancelled is not done. */
  fraction(at: number): number {
    let done = 0;
    let total = 0;
    for (let index = 0; index < this.#steps.length; index++) {
      const expected = this.#expected(index) || 1;
      if (this.#state[index] === over) {
        const took = this.#took[index] as number;
        const weight = took > 0 ? took : expected;
        if (this.#wasCancelled[index] === 0) done += weight;
        total += weight;
      } else if (this.#state[index] === running) {
        const elapsed = at - (this.#startedAt[index] as number);
        done += elapsed;
        total += elapsed + this.#left(index, expected, at);
      } else total += expected;
    }
    return total === 0 ? 0 : done / total;
  }

  /** How long what is left takes from now on; `undefined` where there is nothing to go by. */
  remaining(at: number): Interval | undefined {
    let unknownWork = 0;
    let allWork = 0;
    for (const index of this.#order) {
      if (this.#state[index] === over) continue;
      const expected = this.#expected(index);
      if (Number.isNaN(expected)) return undefined;
      this.#expectations[index] = expected;
      allWork += expected;
      if (Number.isNaN(this.#prior[index])) unknownWork += expected;
    }
    if (allWork === 0) return { low: 0, likely: 0, high: 0 };
    const share = unknownWork / allWork;
    // Steps without estimates are alike within a kind, so what isn't known of them isn't known of many together.
    const spreadOfUnknown = this.#unknown.spread;
    const spread = this.#ratios.spread * (1 - share) + alone * spreadOfUnknown * share;
    const measured = this.#ratios.count * (1 - share) + this.#unknown.count * share;
    // By how much all durations may be off together, since so few were measured; and the rest of what isn't known.
    const common = Math.sqrt(
      spread ** 2 / (measured + 1) + (together * spreadOfUnknown * share) ** 2 + modelError ** 2,
    );
    const samples = new Float64Array(sampleCountFor(this.total));
    for (let sample = 0; sample < samples.length; sample++) {
      // Spread evenly, so that few will do.
      const factor = Math.exp(common * quantileOfNormal((sample + 0.5) / samples.length));
      samples[sample] = this.#sample(at, spread) * factor;
    }
    samples.sort();
    return {
      low: quantile(samples, 0.05),
      likely: quantile(samples, 0.5),
      high: quantile(samples, 0.95),
    };
  }

  /** How long what is left takes, with durations that chance has chosen. */
  #sample(at: number, spread: number): number {
    const work = new Float64Array(this.#classes.length);
    let longest = 0;
    let all = 0;
    for (const index of this.#order) {
      let before = 0;
      for (const needed of this.#dependsOn[index] as readonly number[]) {
        const path = this.#paths[needed] as number;
        if (path > before) before = path;
      }
      if (this.#state[index] === over) {
        this.#paths[index] = 0;
        continue;
      }
      const left = this.#sampledLeft(index, spread, at);
      this.#paths[index] = before + left;
      if (before + left > longest) longest = before + left;
      all += left;
      const demands = this.#demands[index] as readonly number[];
      for (let place = 0; place < demands.length; place += 2) {
        (work[demands[place] as number] as number) += (demands[place + 1] as number) * left;
      }
    }
    let busiest = all / (this.#limits['concurrency'] ?? Number.POSITIVE_INFINITY);
    for (const [place, name] of this.#classes.entries()) {
      busiest = Math.max(
        busiest,
        (work[place] as number) / (ownOf(this.#limits, name) ?? Number.POSITIVE_INFINITY),
      );
    }
    return (longest ** blend + busiest ** blend) ** (1 / blend);
  }

  /** What is left of a step whose duration is up to chance, but longer than what it has taken by now. */
  #sampledLeft(index: number, spread: number, at: number): number {
    const expected = (this.#expectations[index] as number) * Math.exp(-(spread ** 2) / 2);
    if (this.#state[index] !== running) return expected * Math.exp(spread * this.#normal());
    const elapsed = at - (this.#startedAt[index] as number);
    const fraction = this.#fraction[index] as number;
    if (fraction > 0) return (elapsed * (1 - fraction)) / fraction;
    for (let attempt = 0; attempt < 4; attempt++) {
      const duration = expected * Math.exp(spread * this.#normal());
      if (duration > elapsed) return duration - elapsed;
    }
    return elapsed * overdue * Math.exp(this.#normal());
  }

  #normal(): number {
    this.#nextNormal = (this.#nextNormal + 1) % normals.length;
    return normals[this.#nextNormal] as number;
  }

  /** What a step is expected to take in all; NaN where there is nothing to go by. */
  #expected(index: number): number {
    const prior = this.#prior[index] as number;
    if (!Number.isNaN(prior)) return prior * this.#ratios.factor;
    const ofKind = this.#ofKind(index);
    return ofKind.count > 1 ? ofKind.mean : this.#unknown.mean;
  }

  /** What of a step is left. One that takes longer than expected is likely to go on for a while. */
  #left(index: number, expected: number, at: number): number {
    if (this.#state[index] !== running) return expected;
    const elapsed = at - (this.#startedAt[index] as number);
    const fraction = this.#fraction[index] as number;
    if (fraction > 0) return (elapsed * (1 - fraction)) / fraction;
    return Math.max(expected - elapsed, overdue * elapsed);
  }

  /** The steps that are likely to be as this one: of its group, or of a like name at the same depth. */
  #ofKind(index: number): LogNormal {
    const kind = this.#kinds[index] as string;
    let known = this.#known.get(kind);
    if (known === undefined) {
      known = new LogNormal(guessedSpreadOfUnknown);
      this.#known.set(kind, known);
    }
    return known;
  }
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

/** The number below which that share of the standard normal distribution lies (Tukey's lambda approximation). */
function quantileOfNormal(share: number): number {
  return (share ** 0.135 - (1 - share) ** 0.135) / 0.1975;
}

/** Numbers of the standard normal distribution in a shuffled order: the same ones each time. */
const normals = shuffled(
  Float64Array.from({ length: 1021 }, (_, place) => quantileOfNormal((place + 0.5) / 1021)),
);

function shuffled(values: Float64Array): Float64Array {
  const random = seededRandom(1);
  for (let last = values.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [values[last], values[other]] = [values[other] as number, values[last] as number];
  }
  return values;
}

function orderOf(dependsOn: readonly (readonly number[])[]): Uint32Array {
  const order = new Uint32Array(dependsOn.length);
  const open = Uint32Array.from(dependsOn, ({ length }) => length);
  const dependents: number[][] = dependsOn.map(() => []);
  for (const [index, needed] of dependsOn.entries()) for (const one of needed) dependents[one]?.push(index);
  let end = 0;
  for (const [index, count] of open.entries()) if (count === 0) order[end++] = index;
  for (let place = 0; place < end; place++) {
    for (const next of dependents[order[place] as number] as readonly number[]) {
      if (--(open[next] as number) === 0) order[end++] = next;
    }
  }
  return order;
}

/** How many steps there are at most from the first to each one. */
function depthsOf(order: Uint32Array, dependsOn: readonly (readonly number[])[]): Uint32Array {
  const depths = new Uint32Array(order.length);
  for (const index of order) {
    for (const needed of dependsOn[index] as readonly number[]) {
      depths[index] = Math.max(depths[index] as number, (depths[needed] as number) + 1);
    }
  }
  return depths;
}

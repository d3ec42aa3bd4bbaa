/** How sure one is of something before anything was measured, in measurements. */
const priorWeight = 3;

/**
 * What is known of positive numbers whose logarithms scatter about a mean, as durations do: most are near, a few are many
 * times as long. Before anything was measured it is a guess, which fades as there is more.
 */
export class LogNormal {
  readonly #priorSpread: number;
  #count = 0;
  #mean = 0;
  /** The sum of squared distances from the mean. */
  #squares = 0;

  /** @param priorSpread - how far logarithms are guessed to scatter */
  constructor(priorSpread: number) {
    this.#priorSpread = priorSpread;
  }

  /** How many were measured. */
  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    const logarithm = Math.log(value);
    this.#count++;
    const distance = logarithm - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (logarithm - this.#mean);
  }

  /** How far the logarithms scatter: their standard deviation. */
  get spread(): number {
    const prior = priorWeight * this.#priorSpread ** 2;
    return Math.sqrt((prior + this.#squares) / (priorWeight + Math.max(0, this.#count - 1)));
  }

  /** The mean of the numbers; NaN where there are none. */
  get mean(): number {
    return this.#count === 0 ? Number.NaN : Math.exp(this.#mean + this.#sampleVariance / 2);
  }

  /** The factor by which values go wrong on average, 1 before there are any, believed the more the more there are. */
  get factor(): number {
    const belief = this.#count / (this.#count + 1);
    return Math.exp(belief * (this.#mean + this.#sampleVariance / 2));
  }

  get #sampleVariance(): number {
    return this.#count < 2 ? 0 : this.#squares / (this.#count - 1);
  }
}

import { type Row, spreadOfKnown, spreadOfUnknown } from './forecast-row.ts';
import { LogNormal } from './log-normal.ts';

/**
 * How long steps are expected to take, as those say that are over.
 *
 * It is a step's estimate, times the factor by which estimates have been wrong so far; without an estimate, what steps without one took,
 * those of its group first. Children of a fan-out go by their siblings, who count for one step among the others.
 */
export class Expectations {
  readonly ratios = new LogNormal(spreadOfKnown);
  readonly unknown = new LogNormal(spreadOfUnknown);
  readonly #children = new LogNormal(spreadOfUnknown);
  readonly #kinds = new Map<string, LogNormal>();

  /** A step has completed. */
  learn(row: Row, duration: number): void {
    const siblings = row.host?.brood;
    if (siblings?.isGraph === false) {
      const isKnown = !Number.isNaN(siblings.prior);
      siblings.took.add(isKnown ? duration / siblings.prior : duration);
      if (!isKnown) this.#children.add(duration);
      return;
    }
    const brood = row.brood?.added === 0 ? undefined : row.brood;
    if (row.hasPrior && (brood === undefined || brood.isGraph || row.isMeasured)) {
      this.ratios.add(duration / row.prior);
    } else if (row.hasPrior) {
      if (brood !== undefined && brood.took.count > 0) this.ratios.add(brood.took.mean);
    } else {
      if (brood === undefined) this.unknown.add(duration);
      siblings?.took.add(duration);
      this.#ofKind(row).add(duration);
    }
  }

  /** What a step is expected to take in all; NaN where there is nothing to go by. */
  of(row: Row): number {
    const siblings = row.host?.brood;
    if (siblings?.isGraph === false) return this.ofChildOf(row.host as Row);
    if (row.hasPrior) return row.prior * this.ratios.factor;
    const ofKind = this.#ofKind(row);
    if (ofKind.count > 1) return ofKind.mean;
    if (siblings === undefined) return this.#usual;
    if (siblings.took.count > 0) return siblings.took.mean;
    const { host } = row;
    return host?.hasPrior === true ? this.of(host) / siblings.rows.length : this.#usual;
  }

  /** What a child of a fan-out is expected to take. */
  ofChildOf(host: Row): number {
    const { brood } = host;
    if (brood === undefined) return Number.NaN;
    const { prior, took } = brood;
    if (!Number.isNaN(prior)) return prior * (took.count > 0 ? took : this.ratios).factor;
    return took.count > 0 ? took.mean : this.#usual;
  }

  /** How little that is founded on, from 0 for an estimate to 1 for the durations of others. */
  ignoranceOf(row: Row): number {
    const siblings = row.host?.brood;
    if (siblings?.isGraph === false) return this.ignoranceOfChildrenOf(row.host as Row);
    return row.hasPrior ? 0 : 1;
  }

  ignoranceOfChildrenOf({ brood }: Row): number {
    if (brood === undefined || !Number.isNaN(brood.prior)) return 0;
    return 1 / Math.sqrt(1 + brood.took.count);
  }

  get #usual(): number {
    return this.unknown.count > 0 ? this.unknown.mean : this.#children.mean;
  }

  #ofKind({ kind }: Row): LogNormal {
    let known = this.#kinds.get(kind);
    if (known === undefined) {
      known = new LogNormal(spreadOfUnknown);
      this.#kinds.set(kind, known);
    }
    return known;
  }
}

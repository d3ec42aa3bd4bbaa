import { type Beat, judge, type Machine, type Owner, wordsOf } from './owner.ts';

/** How leases are kept. */
export interface LeaseTerms {
  readonly machine: Machine;
  /** How often a sign of life is given, in ms. */
  readonly heartbeatMs: number;
  /** After how long without one an owner is displaced, in ms. */
  readonly staleMs: number;
}

/** What a lease says. */
export interface Signs {
  /** All of it, to be compared. */
  readonly text: string;
  /** Absent where it isn't whole, such as one that is just being written. */
  readonly owner: Owner | undefined;
  readonly beat: Beat | undefined;
}

/** Watches leases for signs of life, by one's own clock, until it is known whether their owners live. */
export class Vigil {
  readonly #terms: LeaseTerms;
  /** Since when each lease has said the same. */
  readonly #seen = new Map<string, { readonly text: string; readonly since: number }>();

  constructor(terms: LeaseTerms) {
    this.#terms = terms;
  }

  /** What is known of the owner of a lease by now. Where that is nothing, wait a little and ask again. */
  verdictOn(lease: string, { text, owner, beat }: Signs): 'dead' | 'live' | 'unknown' {
    const { machine, staleMs } = this.#terms;
    const verdict =
      owner === undefined ? ({ is: 'unknown', silentMs: 0 } as const) : judge(owner, beat, machine, staleMs);
    if (verdict.is !== 'unknown') return verdict.is;
    const now = machine.machineMs();
    const seen = this.#seen.get(lease);
    if (seen?.text === text) return now - seen.since >= staleMs ? 'dead' : 'unknown';
    this.#seen.set(lease, { text, since: now - verdict.silentMs });
    return seen === undefined || owner === undefined ? 'unknown' : 'live';
  }

  wordsOf(owner: Owner): string {
    return wordsOf(owner, this.#terms.machine.self);
  }
}

/** Whether an owner lives, as far as can be known at once: here the clocks of others are believed, as nothing is taken from anybody. */
export function seemsLive(owner: Owner, beat: Beat | undefined, { machine, staleMs }: LeaseTerms): boolean {
  const { is } = judge(owner, beat, machine, staleMs);
  const isSilent = beat !== undefined && Math.abs(machine.wallMs() - beat.wallMs) > staleMs;
  return is === 'live' || (is === 'unknown' && !isSilent);
}

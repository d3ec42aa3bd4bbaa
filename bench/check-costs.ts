import type { CancellationToken } from 'millrace';
import { median } from './statistics.ts';

/** Nanoseconds a check, the empty loop taken off. */
export interface CheckCosts {
  readonly isCancelled: number;
  readonly throwIfCancelled: number;
  /** `AbortSignal.aborted`, for comparison. */
  readonly aborted: number;
}

const checks = 5_000_000;
let _sink = 0;

/** Measures the checks of a token that isn't cancelled: medians over interleaved rounds. */
export function checkCosts(token: CancellationToken, rounds: number): CheckCosts {
  const { signal } = new AbortController();
  const loops = {
    empty: () => {
      for (let index = 0; index < checks; index++) _sink += index & 1;
    },
    isCancelled: () => {
      for (let index = 0; index < checks && !token.isCancelled; index++) _sink += index & 1;
    },
    throwIfCancelled: () => {
      for (let index = 0; index < checks; index++) {
        token.throwIfCancelled();
        _sink += index & 1;
      }
    },
    aborted: () => {
      for (let index = 0; index < checks && !signal.aborted; index++) _sink += index & 1;
    },
  };
  const times = { empty: [], isCancelled: [], throwIfCancelled: [], aborted: [] } as Record<
    keyof typeof loops,
    number[]
  >;
  for (let round = 0; round < rounds + 2; round++) {
    for (const [name, loop] of Object.entries(loops)) {
      const start = performance.now();
      loop();
      // The first two rounds are the compiler's.
      if (round >= 2) times[name as keyof typeof loops].push(((performance.now() - start) * 1e6) / checks);
    }
  }
  const net = (name: keyof typeof loops): number =>
    median(times[name].map((time, round) => time - (times.empty[round] ?? 0)));
  return {
    isCancelled: net('isCancelled'),
    throwIfCancelled: net('throwIfCancelled'),
    aborted: net('aborted'),
  };
}

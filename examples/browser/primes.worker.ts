import { exposeTasks } from 'millrace/worker';

interface Range {
  readonly from: number;
  readonly to: number;
  /** Whether the event loop gets a turn now and then: without shared memory a cancel isn't seen before. */
  readonly yields: boolean;
}

const worker = Math.random().toString(36).slice(2, 8);
const turn = 20_000;

export const tasks = exposeTasks({
  /** Counts the primes of a range, and says which worker has. */
  async countPrimes({ from, to, yields }: Range, { token, progress }) {
    let count = 0;
    for (let number = from; number < to; number++) {
      token.throwIfCancelled();
      if (isPrime(number)) count++;
      if (number % turn !== 0) continue;
      progress({ done: number - from, total: to - from });
      if (yields) await new Promise((resolve) => setTimeout(resolve));
    }
    return { count, worker };
  },
});

function isPrime(number: number): boolean {
  if (number < 4) return number > 1;
  if (number % 2 === 0) return false;
  for (let divisor = 3; divisor * divisor <= number; divisor += 2) if (number % divisor === 0) return false;
  return true;
}

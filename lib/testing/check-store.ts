import fc from 'fast-check';
import { OptionChecker } from '../base/option-checker.ts';
import type { Awaitable, StoreBackend } from '../store/backend.ts';
import type { StoreLaw } from './store-law.ts';
import { StoreLawBrokenError } from './store-law-broken-error.ts';
import { lawsOfObjects } from './store-laws-of-objects.ts';
import { lawsOfRuns } from './store-laws-of-runs.ts';
import { performOperations, storeOperations } from './store-sequences.ts';
import { StoreTrial, type TrialParts } from './store-trial.ts';

/** How a backend is checked. */
export interface StoreCheckOptions {
  /**
   * Makes whoever holds the runs of a handle look dead, as if its process had been stopped for long; whoever opens one of them next gets
   * it. Without it, the laws of owners that are displaced aren't checked.
   */
  readonly abandon?: ((backend: StoreBackend) => Awaitable<void>) | undefined;
  /** How long a request, or word of what happened, may be on its way, in ms. @defaultValue 10_000 */
  readonly patienceMs?: number | undefined;
  /** How many random sequences of calls are tried. @defaultValue 50 */
  readonly sequences?: number | undefined;
  /** What the sequences are drawn from, so that they can be drawn again. @defaultValue another one each time */
  readonly seed?: number | undefined;
}

const optionNames = ['abandon', 'patienceMs', 'sequences', 'seed'];

/**
 * Checks that a backend of a store keeps what `StoreBackend` promises, in any test framework: law by law, and then by random sequences of
 * calls, which it shrinks to the shortest that fails.
 *
 * @param makeBackend - makes another handle on the same place each time, as another process has it; the place has to be empty, and is left so.
 * Handles that the check makes are closed by it. What a crash does to a backend it can't know.
 *
 * Rejects with a `StoreLawBrokenError` for the first law that is broken, which tells what was done, call by call.
 *
 * @throws InvalidOptionsError where an option can't be used
 * @example
 * ```ts
 * test('my backend is lawful', async () => {
 *   const bucket = await emptyBucket();
 *   await checkStore(() => bucketBackend(bucket));
 * });
 * ```
 */
export function checkStore(
  makeBackend: () => Awaitable<StoreBackend>,
  options: StoreCheckOptions = {},
): Promise<void> {
  const checker = new OptionChecker();
  if (typeof makeBackend !== 'function')
    checker.fail('makeBackend', 'a function that makes a backend', makeBackend);
  if (!checker.record('options', options)) checker.throwIfAny('checkStore');
  checker.knownKeys('', options, optionNames);
  const abandon = checker.function('abandon', options.abandon);
  const patienceMs = checker.number('patienceMs', options.patienceMs, 0, Infinity) ?? 10_000;
  const sequences = checker.finiteCount('sequences', options.sequences, 0) ?? 50;
  const seed = checker.number('seed', options.seed, -Infinity, Infinity);
  checker.throwIfAny('checkStore');
  return check({ makeBackend, abandon, patienceMs }, sequences, seed);
}

async function check(parts: TrialParts, sequences: number, seed: number | undefined): Promise<void> {
  for (const law of [...lawsOfRuns, ...lawsOfObjects])
    if (parts.abandon !== undefined || law.needsAbandon !== true) await checkLaw(law, parts);
  const law = 'it is as if everything that was done were in memory';
  let hasFailed = false;
  const property = fc.asyncProperty(storeOperations(parts.abandon !== undefined), async (operations) => {
    // A sequence that failed may have left what makes any other fail too.
    if (hasFailed) fc.pre(await isEmpty(parts));
    try {
      await checkLaw({ name: law, check: (trial) => performOperations(trial, operations) }, parts);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  const details = await fc.check(property, {
    numRuns: sequences,
    ...(seed === undefined ? {} : { seed }),
  });
  if (!details.failed) return;
  const { errorInstance: error } = details;
  if (!(error instanceof StoreLawBrokenError)) throw error;
  const { store, violation, calls } = error;
  const again = `(seed ${String(details.seed)}, after ${String(details.numShrinks)} shrinks)`;
  throw new StoreLawBrokenError(store, law, violation, [...calls, again], { cause: error });
}

async function checkLaw({ name, check: keeps }: StoreLaw, parts: TrialParts): Promise<void> {
  const trial = new StoreTrial(name, parts);
  try {
    await keeps(trial);
  } catch (error) {
    await trial.over().catch(() => undefined);
    throw error;
  }
  await trial.over();
}

async function isEmpty({ makeBackend }: TrialParts): Promise<boolean> {
  const backend = await makeBackend();
  const all = [
    await backend.listRuns(),
    await backend.listObjects('blob'),
    await backend.listObjects('cached'),
  ];
  await backend.close();
  return all.every((some) => some.length === 0);
}

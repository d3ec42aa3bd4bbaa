import { OptionChecker } from './base/option-checker.ts';
import { type Overflow, overflowPolicies } from './base/overflow.ts';
import type { BranchNeeds } from './branching.ts';
import type { ChannelTerms } from './definition/connections.ts';
import { StreamHandle, type StreamOf } from './definition/edge-handle.ts';
import { gangsOf } from './definition/gangs.ts';
import type { Step } from './definition/handle.ts';
import type { LiveStream } from './definition/live-stream.ts';
import { isStep, type StepHandle } from './definition/step-handle.ts';
import { streamFaults } from './definition/stream-faults.ts';
import { Groups } from './engine/groups.ts';

/** The terms of a stream. `undefined` is always absent. */
export interface StreamTermsOptions {
  /** How many values may wait to be read, from 1. @defaultValue 16 */
  readonly capacity?: number | undefined;
  /**
   * What happens to a value for which there is no room. Needed where the step returns an Observable, which can't be held
   * back. An iterable can: without a policy it waits for its slowest reader, and with one that reader is never waited for.
   *
   * @defaultValue none: an iterable is held back, and an Observable fails with a `MissingOverflowError`
   */
  readonly overflow?: Overflow | undefined;
}

/**
 * A dependency on what a step emits, as it emits it: both run at the same time, and the function gets a {@link LiveStream}, an
 * AsyncIterable, instead of the step's output.
 *
 * At most `capacity` values wait to be read: an AsyncIterable, such as a generator or a Node or web stream, isn't asked for the next one
 * until there is room. Each reader of a step gets all of it. They are admitted together, with all that they take; a demand that doesn't
 * fit at once is a `ResourceLimitError` at `run()`. Where either side fails or is stopped, so is the other; a step of which every
 * reader has left, and whose output nobody needs, is cancelled. Where nobody needs the output, there may be nothing to read at all.
 * Where all steps that streams connect wait for each other, the smallest full stream grows, with a `warning`, rather than that
 * they wait for ever.
 *
 * A `retry` of either side counts until its first value has passed, since nothing can be read twice: where all may begin anew, put
 * both into a `subflow` that has one.
 *
 * @throws InvalidOptionsError at once, naming every option that can't be used
 * @example
 * ```ts
 * const lines = step('lines', async function* () {
 *   for (let line = 0; line < 1e6; line++) yield `line ${line}`;
 * });
 * const length = step('length', { lines: stream(lines, { capacity: 64 }) }, async ({ lines }) => {
 *   let length = 0;
 *   for await (const line of lines) length += line.length;
 *   return length;
 * });
 * ```
 */
export function stream<One extends Step>(
  step: One,
  options: StreamTermsOptions = {},
): StreamOf<LiveStream<One extends Step<infer Out> ? Out : never>, BranchNeeds<One>> {
  const checker = new OptionChecker();
  if (!isStep(step)) checker.fail('the step', 'a step made by step()', step);
  let terms: ChannelTerms = { capacity: 16, overflow: undefined, machinery };
  if (checker.record('options', options)) {
    checker.knownKeys('', options, ['capacity', 'overflow']);
    terms = {
      capacity: checker.finiteCount('capacity', options.capacity, 1) ?? terms.capacity,
      overflow: checker.oneOf('overflow', options.overflow, overflowPolicies),
      machinery,
    };
  }
  checker.throwIfAny(isStep(step) ? `stream of step '${step.id}'` : 'stream');
  return new StreamHandle(step as unknown as StepHandle, terms);
}

const machinery = { gangsOf, faultsOf: streamFaults, Groups };

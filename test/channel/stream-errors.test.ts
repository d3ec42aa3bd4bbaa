import { throwError } from 'rxjs';
import { expect, test } from 'vitest';
import { isNotRetriable } from '../../lib/base/not-retriable.ts';
import { MissingOverflowError, StreamOverflowError } from '../../lib/channel/stream-errors.ts';
import * as millrace from '../../lib/index.ts';
import * as workers from '../../lib/pool/index.ts';
import { decodeThrown, encodeThrown } from '../../lib/wire/error-codec.ts';

const betweenSteps = { producer: 'ticks', consumer: 'seen' };
const outOfAThread = { producer: 'count', consumer: undefined };

test.each([
  [new MissingOverflowError(betweenSteps), ["step 'ticks'", "'seen'", "'drop-oldest'", 'AsyncIterable']],
  [new MissingOverflowError(outOfAThread), ["task 'count'", "pool.stream('count', …)", "'latest'"]],
  [new StreamOverflowError(betweenSteps, 3), ["step 'ticks'", "'seen'", '3 values', 'capacity']],
  [new StreamOverflowError(outOfAThread, 4), ["task 'count'", '4 values', 'async generator']],
])('%s: who emits, who reads, and the remedy', ({ message }, parts) => {
  for (const part of parts) expect(message).toContain(part);
});

test('both entries export the same classes', () => {
  expect(workers.MissingOverflowError).toBe(millrace.MissingOverflowError);
  expect(workers.StreamOverflowError).toBe(millrace.StreamOverflowError);
});

test('no attempt can mend a missing policy, on either side of a thread; an overflow may be one of a moment', () => {
  const missing = new MissingOverflowError(outOfAThread);
  expect([missing, decodeThrown(encodeThrown(missing))].map(isNotRetriable)).toEqual([true, true]);
  expect(isNotRetriable(new StreamOverflowError(outOfAThread, 4))).toBe(false);
});

test('a step that fails for a missing policy is not tried again', async () => {
  const { step, workflow } = millrace;
  const reads = step('reads', () => throwError(() => new MissingOverflowError(outOfAThread)), { retry: 3 });
  const failure = await workflow('streams', { reads })
    .run()
    .result()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ attempts: 1, cause: { code: 'MISSING_OVERFLOW' } });
});

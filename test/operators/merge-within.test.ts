import { beforeEach, expect, test } from 'vitest';
import { Admission } from '../../lib/admission/admission.ts';
import { Shape } from '../../lib/admission/shape.ts';
import { type MergeOwner, MergeWithin } from '../../operators/merge-within.ts';

// Used through mergeMapWithin it is tested there; here is what only a run does with it.

const ascending = { before: (left: number, right: number): boolean => left < right };

let log: string[];
let admission: Admission<number>;
let merge: MergeWithin<number, string>;
/** What happens while a value is being delivered. */
let onValue: (value: string) => void;
let onStart: (item: number) => void;

beforeEach(() => {
  log = [];
  onValue = () => undefined;
  onStart = () => undefined;
  const shape = new Shape<number>([0], [1], ascending);
  admission = new Admission({ capacities: [1], shapeOf: () => shape, ...ascending, maxOvertakes: undefined });
  let closed = false;
  const owner: MergeOwner<number, string> = {
    get closed() {
      return closed;
    },
    start: (item) => {
      log.push(`start ${String(item)}`);
      onStart(item);
    },
    next: (value) => {
      log.push(`next ${value}`);
      onValue(value);
    },
    error: (error) => {
      closed = true;
      log.push(`error ${String(error)}`);
    },
    complete: () => {
      closed = true;
      log.push('complete');
    },
  };
  merge = new MergeWithin(admission, owner);
});

test('what arrives with the last value of an item competes for what the item gives back', () => {
  onValue = () => {
    merge.offer(1);
    log.push('delivered');
  };
  for (const item of [0, 2]) merge.offer(item);
  merge.deliverAndFinish(0, 'a');
  expect(log).toStrictEqual(['start 0', 'next a', 'delivered', 'start 1']);
});

test('an item that emits and ends while it starts is followed by the next, not joined by it', () => {
  onStart = (item) => {
    merge.deliverAndFinish(item, String(item));
    log.push(`started ${String(item)}`);
  };
  onValue = (value) => {
    if (value === '0') merge.offer(1);
  };
  merge.offer(0);
  merge.seal();
  expect(log).toStrictEqual([
    ...['start 0', 'next 0', 'started 0'],
    ...['start 1', 'next 1', 'started 1'],
    'complete',
  ]);
});

test('it completes with the end of the last item, not with its value', () => {
  merge.offer(0);
  merge.seal();
  merge.deliver('a');
  expect(log).toStrictEqual(['start 0', 'next a']);
  merge.finish(0);
  expect(log).toStrictEqual(['start 0', 'next a', 'complete']);
});

test('sealed with nothing to do it completes at once', () => {
  merge.seal();
  expect(log).toStrictEqual(['complete']);
});

test('items go on as soon as there is room again without a release', () => {
  admission.pause();
  merge.offer(0);
  expect(log).toStrictEqual([]);
  admission.resume();
  expect(log).toStrictEqual(['start 0']);
});

test('items that were taken out of the queue are not waited for', () => {
  for (const item of [0, 1, 2]) merge.offer(item);
  merge.seal();
  expect(admission.clear()).toStrictEqual([1, 2]);
  merge.finish(0);
  expect(log).toStrictEqual(['start 0', 'complete']);
});

test('what a start throws ends it', () => {
  onStart = (item) => {
    throw new Error(`no ${String(item)}`);
  };
  merge.offer(0);
  merge.offer(1);
  expect(log).toStrictEqual(['start 0', 'error Error: no 0']);
});

import { deserialize, serialize } from 'node:v8';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { isBlob, type Parcel, parcelOf, valueIn, write } from '../lib/bullmq/parcel.ts';
import { cases } from './support/effort.ts';

const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

function arrived(value: unknown): unknown {
  const parcel = JSON.parse(parcelOf(write(value, 'task', 'input'))) as Parcel;
  return isBlob(parcel) ? expect.unreachable() : valueIn(parcel);
}

const json = fc.json().map((text) => JSON.parse(text) as unknown);

test.prop([fc.oneof(anything, json)], { numRuns: cases(2000) })(
  'a value that was sent is what a clone of it would be',
  (value) => {
    expect(arrived(value)).toStrictEqual(deserialize(serialize(value)));
  },
);

test.prop([fc.oneof(fc.array(json), fc.dictionary(fc.string(), json)), fc.boolean()], {
  numRuns: cases(500),
})('what is there twice is one thing still', (part, isTwice) => {
  const { first, second } = arrived({ first: part, second: isTwice ? part : structuredClone(part) }) as {
    readonly first: unknown;
    readonly second: unknown;
  };
  expect(first === second).toBe(isTwice);
});

import { expect, test } from 'vitest';
import { unclonablePart } from '../../lib/wire/unclonable-part.ts';

const circle: Record<string, unknown> = {};
circle['self'] = circle;
circle['later'] = () => 1;

test.for([
  [() => 1, 'input', 'a function'],
  [Symbol('s'), 'input', 'Symbol(s)'],
  [{ rows: [{}, { callback: () => 1 }] }, 'input.rows[1].callback', 'function callback'],
  [{ 'odd key': { '0': Symbol('s') } }, 'input["odd key"]["0"]', 'Symbol(s)'],
  [new Map([['key', () => 1]]), 'input.get("key")', 'a function'],
  [new Map([[() => 1, 'value']]), 'input (a key)', 'a function'],
  [{ set: new Set([1, new WeakMap()]) }, '[...input.set][1]', 'an instance of WeakMap'],
  [[1, [Promise.resolve()]], 'input[1][0]', 'an instance of Promise'],
  [circle, 'input.later', 'a function'],
  [new Proxy({ fine: 1 }, {}), 'input', "an object with 'fine'"],
] as const)('%o: it is %s', ([value, path, what]) => {
  const found = unclonablePart(value, 'input');
  expect(found.path).toBe(path);
  expect(found.what).toContain(what.replace('function callback', 'function'));
});

test('a getter that throws leaves the value itself to blame', () => {
  const value = {
    get trap(): number {
      throw new Error('no');
    },
  };
  expect(unclonablePart(value, 'input').path).toBe('input');
});

test('what is moved needs no cloning, unless it was moved before', () => {
  const { port1, port2 } = new MessageChannel();
  const value = { view: new Uint8Array(8), port: port1, last: () => 1 };
  expect(unclonablePart(value, 'output', [port1]).path).toBe('output.last');
  expect(unclonablePart(value, 'output').path).toBe('output.port');
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  expect(unclonablePart({ port: port1, buffer }, 'output', [port1, buffer]).path).toBe('output.buffer');
  expect(unclonablePart({ view: new Uint8Array(1), empty: new ArrayBuffer(0) }, 'output').path).toBe(
    'output',
  );
  port2.close();
});

import { expect, test } from 'vitest';
import { CancelledError } from '../../lib/base/errors.ts';
import { registerError } from '../../lib/wire/error-classes.ts';
import { decodeThrown, encodeThrown } from '../../lib/wire/error-codec.ts';

/** What arrives on the other side. */
function sent(thrown: unknown): unknown {
  return decodeThrown(structuredClone(encodeThrown(thrown)));
}

class NamedByPrototype extends Error {}
NamedByPrototype.prototype.name = 'NamedByPrototype';

test.for([
  new Error('plain'),
  new TypeError('type'),
  new RangeError('range'),
  new SyntaxError('syntax'),
  new ReferenceError('reference'),
  new EvalError('eval'),
  new URIError('uri'),
  new AggregateError([new Error('a'), 'b'], 'several'),
  new CancelledError('enough'),
])('%s arrives as its class, with its stack', (error) => {
  const arrived = sent(error);
  expect(arrived).toStrictEqual(error);
  expect(arrived).toBeInstanceOf(error.constructor);
  expect((arrived as Error).stack).toBe(error.stack);
  expect(Object.keys(arrived as Error)).toStrictEqual(Object.keys(error));
});

test('a name, a code and a message that are inherited are kept', () => {
  expect(sent(new NamedByPrototype('odd'))).toMatchObject({ name: 'NamedByPrototype', message: 'odd' });
  const abort = sent(new DOMException('stop', 'AbortError'));
  expect(abort).toBeInstanceOf(Error);
  expect(abort).toMatchObject({ name: 'AbortError', message: 'stop', code: 20 });
});

test('a chain of causes is kept, whatever is in it, also where it is a circle', () => {
  const inner = new TypeError('inner');
  const outer = new Error('outer', { cause: inner });
  expect((sent(outer) as Error).cause).toStrictEqual(inner);
  expect((sent(new Error('outer', { cause: { why: 1 } })) as Error).cause).toStrictEqual({ why: 1 });
  inner.cause = outer;
  const circle = sent(outer) as Error & { readonly cause: Error };
  expect(circle.cause.cause).toBe(circle);
});

test('own fields that can not be cloned arrive as descriptions', () => {
  const error = Object.assign(new Error('odd'), {
    call: () => 1,
    symbol: Symbol('s'),
    promise: Promise.resolve(),
    list: [() => 1],
    fine: new Map([[1, 2]]),
    nothing: undefined,
  });
  expect({ ...(sent(error) as object) }).toStrictEqual({
    call: 'function call',
    symbol: 'Symbol(s)',
    promise: 'an instance of Promise',
    list: 'an array of 1',
    fine: new Map([[1, 2]]),
    nothing: undefined,
  });
});

test('a field that can not be read is said to be so', () => {
  const error = new Error('odd');
  Object.defineProperty(error, 'trap', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  expect(sent(error)).toMatchObject({ trap: "(can't be read: no)" });
});

test('a field is asked for its value once: what it says later does not matter', () => {
  let asked = 0;
  const fickle = {
    get answer(): unknown {
      return asked++ === 0 ? 42 : () => 1;
    },
  };
  expect(sent(Object.assign(new Error('odd'), { fickle }))).toMatchObject({ fickle: { answer: 42 } });
});

test('what can not be looked at at all arrives as a description', () => {
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {});
  revoke();
  expect(sent(proxy)).toBe("an object that can't be looked at");
});

test.for([1000, 5000])(
  'a chain of %i causes arrives with its first 100, and the last as a text',
  (length) => {
    let chain = new Error('0');
    for (let depth = 1; depth <= length; depth++) chain = new Error(String(depth), { cause: chain });
    let arrived = sent(chain);
    for (let depth = length; depth > length - 100; depth--) {
      expect(arrived).toMatchObject({ message: String(depth) });
      arrived = (arrived as Error).cause;
    }
    expect(arrived).toBe(String(length - 100));
  },
);

test.for([undefined, null, 0, '', 'text', false, { a: 1 }, [1, 'b']])(
  '%o arrives as it was thrown',
  (thrown) => {
    expect(sent(thrown)).toStrictEqual(thrown);
  },
);

test('a list of errors arrives as one', () => {
  expect(sent([new Error('a'), 1])).toStrictEqual([new Error('a'), 1]);
});

test('a registered class is found by its name, that of one above it, or the name that the error gives itself', () => {
  class Storm extends Error {
    readonly #strength = 1;
    get strength(): number {
      return this.#strength;
    }
  }
  class Gale extends Storm {}
  registerError(Storm);
  registerError(Storm, 'Tempest');
  expect(sent(new Storm('one'))).toBeInstanceOf(Storm);
  expect(sent(new Gale('two'))).toBeInstanceOf(Storm);
  const renamed = sent(Object.assign(new Error('three'), { name: 'Tempest' }));
  expect(renamed).toBeInstanceOf(Storm);
  // What only the constructor can make isn't there.
  expect(() => (renamed as Storm).strength).toThrow(TypeError);
  expect(sent(new Error('four', { cause: [new Gale('five')] }))).toMatchObject({
    cause: [{ message: 'five' }],
  });
});

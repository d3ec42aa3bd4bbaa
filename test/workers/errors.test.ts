import { expect, test } from 'vitest';
import { UnclonableValueError } from '../../lib/pool/unclonable-value-error.ts';
import { errorAs, errorOf, outputOf } from './support/outcome.ts';
import { taskPool } from './support/pools.ts';

test('an error keeps its name, message, stack, code, cause, own fields and nearest standard class', async () => {
  const error = await errorAs(RangeError, taskPool({ size: 1 }).run('fail'));
  expect(error).toMatchObject({
    name: 'FlightError',
    message: 'no such flight',
    code: 'E_FLIGHT',
    flight: { number: 42, legs: ['SFO', 'JFK'] },
    callback: 'function callback',
  });
  expect(error.stack).toContain('tasks.worker');
  expect(error.cause).toBeInstanceOf(TypeError);
  expect(error.cause).toMatchObject({ message: 'the reason' });
});

test('an AggregateError keeps its errors', async () => {
  const error = await errorAs(AggregateError, taskPool({ size: 1 }).run('failLater'));
  expect(error.message).toBe('both');
  expect(error.errors).toStrictEqual([new Error('one'), new TypeError('two')]);
});

test('what is thrown and no Error arrives as it was thrown', async () => {
  const pool = taskPool({ size: 1 });
  for (const thrown of [undefined, null, 'text', 0, { reason: 'why' }]) {
    expect(await errorOf(pool.run('throwThis', thrown))).toStrictEqual(thrown);
  }
  expect(await errorOf(pool.run('throwFunction'))).toBe('function spin');
});

test('an input that cannot be cloned is an error with the path to the culprit, and the thread goes on', async () => {
  const pool = taskPool({ size: 1 });
  const input = { rows: [{}, { callback: () => 1 }] };
  const error = await errorAs(UnclonableValueError, pool.run('echo', input));
  expect(error).toMatchObject({ code: 'UNCLONABLE_VALUE', taskName: 'echo', path: 'input.rows[1].callback' });
  expect(error.message).toContain("'echo'");
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(1);
});

test('an input that throws something without a text is one too', async () => {
  const pool = taskPool({ size: 1 });
  const input = {
    get trap(): never {
      throw Object.create(null);
    },
  };
  expect(await errorAs(UnclonableValueError, pool.run('echo', input))).toMatchObject({ path: 'input' });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(await errorAs(UnclonableValueError, pool.run('echo', proxy))).toMatchObject({ path: 'input' });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('an output that is too deep to be read here is one too, and the pool goes on', async () => {
  const pool = taskPool({ size: 1 });
  // The stack of a thread is larger than that of the main one.
  const error = await errorAs(UnclonableValueError, pool.run('nest', 6000));
  expect(error).toMatchObject({ taskName: 'nest', path: 'output', cause: { name: 'RangeError' } });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().crashed).toBe(0);
});

test('an error with a chain of causes without end arrives, and the thread goes on', async () => {
  const pool = taskPool({ size: 1 });
  expect(await errorOf(pool.run('failDeep', 3000))).toMatchObject({
    message: '2999',
    cause: { message: '2998' },
  });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(1);
});

test('an output that cannot be cloned is one too', async () => {
  const pool = taskPool({ size: 1 });
  const error = await errorAs(UnclonableValueError, pool.run('unclonableOutput'));
  expect(error).toMatchObject({ taskName: 'unclonableOutput', path: 'output.rows[1].callback' });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

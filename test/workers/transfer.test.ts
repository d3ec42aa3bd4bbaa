import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../lib/base/errors.ts';
import { UnclonableValueError } from '../../lib/pool/unclonable-value-error.ts';
import { isTransferred, transfer } from '../../lib/wire/transfer.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { taskPool } from './support/pools.ts';

test('parts of an input are moved, named by an option or by transfer()', async () => {
  const pool = taskPool({ size: 1 });
  const [first, second, copied] = [new ArrayBuffer(64), new ArrayBuffer(32), new ArrayBuffer(16)];
  expect(await outputOf(pool.run('lengthOf', first, { transfer: (buffer) => [buffer] }))).toBe(64);
  expect(await outputOf(pool.run('lengthOf', transfer(second, [second])))).toBe(32);
  expect(await outputOf(pool.run('lengthOf', copied))).toBe(16);
  expect([first, second, copied].map((buffer) => buffer.byteLength)).toStrictEqual([0, 0, 16]);
});

test('an output that is moved arrives as it is', async () => {
  const column = await outputOf(taskPool({ size: 1 }).run('fill', 1000));
  expect(column).toStrictEqual(new Float64Array(1000).fill(1));
});

test('what was moved before can not be moved again', async () => {
  const pool = taskPool({ size: 1 });
  const buffer = new ArrayBuffer(64);
  const call = pool.run('echo', { rows: [buffer] }, { transfer: () => [buffer] });
  await outputOf(call);
  const error = await errorAs(UnclonableValueError, call);
  expect(error).toMatchObject({ path: 'input.rows[0]' });
  expect(error.message).toContain('moved before');
});

test('what is in both lists is moved once', async () => {
  const pool = taskPool({ size: 1 });
  const buffer = new ArrayBuffer(64);
  const call = pool.run('lengthOf', transfer(buffer, [buffer]), { transfer: (moved) => [moved, moved] });
  expect(await outputOf(call)).toBe(64);
  expect(buffer.byteLength).toBe(0);
});

test.for([null, 5, 'text', new Set(), Promise.resolve([])])(
  'a transfer option that gives %o is an error, and the pool goes on',
  async (list) => {
    const pool = taskPool({ size: 1 });
    const options = { transfer: () => list as never };
    const error = await errorAs(InvalidOptionsError, pool.run('echo', 1, options));
    expect(error.message).toContain('expected what transfer gives to be an array');
    expect(await outputOf(pool.run('double', 1))).toBe(2);
    expect(pool.stats()).toMatchObject({ started: 1, idle: 1 });
  },
);

test('a transfer option that gives undefined moves nothing', async () => {
  const options = { transfer: () => undefined as never };
  expect(await outputOf(taskPool({ size: 1 }).run('echo', 1, options))).toBe(1);
});

test('transfer keeps the value and its list', () => {
  const buffer = new ArrayBuffer(8);
  const moved = transfer({ buffer }, [buffer]);
  expect(moved).toMatchObject({ value: { buffer }, list: [buffer] });
  expect([moved, { value: 1, list: [] }, null, 1].map(isTransferred)).toStrictEqual([
    true,
    false,
    false,
    false,
  ]);
});

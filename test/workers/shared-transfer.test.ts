import { expect, test } from 'vitest';
import { step } from '../../lib/definition/step.ts';
import { WorkflowFailedError } from '../../lib/observe/failures.ts';
import { SharedTransferError } from '../../lib/pool/shared-transfer-error.ts';
import { transfer } from '../../lib/wire/transfer.ts';
import { workflow } from '../../lib/workflow.ts';
import { errorAs } from './support/outcome.ts';
import { taskPool, until } from './support/pools.ts';

function cycle(buffer: ArrayBuffer): object {
  const first: Record<string, unknown> = {};
  first['second'] = { first, buffer };
  return first;
}

/** An output with a getter that other consumers never call. */
function trap(buffer: ArrayBuffer): object {
  return {
    get trap(): never {
      throw new Error('nobody asked for this');
    },
    buffer,
  };
}

class Column {
  readonly buffer: ArrayBuffer;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
  }
}

/** Outputs that a buffer is part of. */
const outputs: readonly (readonly [name: string, make: (buffer: ArrayBuffer) => unknown])[] = [
  ['the output itself', (buffer) => buffer],
  ['the buffer of a typed array', (buffer) => new Uint8Array(buffer, 1, 1)],
  ['the buffer of a DataView', (buffer) => new DataView(buffer)],
  ['in an object', (buffer) => ({ rows: { column: new Int8Array(buffer) } })],
  ['in an array', (buffer) => [1, [null, buffer]]],
  ['a value of a Map', (buffer) => new Map([['column', { buffer }]])],
  ['a key of a Map', (buffer) => new Map([[buffer, 'column']])],
  ['in a Set', (buffer) => new Set([undefined, buffer])],
  ['in a cycle', cycle],
  ['in an instance of a class', (buffer) => new Column(buffer)],
  ['under a symbol', (buffer) => ({ [Symbol('column')]: buffer })],
  ['a hidden property', (buffer) => Object.defineProperty({}, 'column', { value: buffer })],
  ['beside a getter that throws', trap],
];

test.for(outputs)(
  'moving what others still need is an error, and they find it intact: %s',
  async ([, make]) => {
    const pool = taskPool({ size: 1 });
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    const output = make(buffer);
    let isRefused = false;
    const source = step('source', () => output);
    const moves = step(
      'moves',
      { source },
      pool.task('lengthOf', () => buffer, { transfer: (part) => [part] }),
    );
    // Uses it only when the other has tried to move it.
    const reads = step('reads', { source }, async (inputs) => {
      await until(() => isRefused);
      return [inputs.source === output, ...new Uint8Array(buffer)];
    });
    const run = workflow('shared', { moves, reads }).run({ onFailure: 'continue' });
    run.progress$.subscribe(({ type }) => {
      isRefused ||= type === 'step-failed';
    });
    const { errors, outputs: finished } = await errorAs(WorkflowFailedError, run.result$);
    expect(finished).toStrictEqual({ reads: [true, 1, 2, 3] });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ stepId: 'moves', attempts: 1 });
    expect(errors[0]?.cause).toStrictEqual(new SharedTransferError('lengthOf', 'source'));
    expect(pool.stats().started).toBe(0);
  },
);

test('the error names the task and the step whose output it is', () => {
  const error = new SharedTransferError('resize', 'load');
  expect(error).toMatchObject({ code: 'SHARED_TRANSFER', taskName: 'resize', producer: 'load' });
  expect(error.message).toContain("'resize'");
  expect(error.message).toContain("'load'");
});

test('an output of the workflow may not be moved, nor one that a clean-up needs', async () => {
  const pool = taskPool({ size: 1 });
  const buffer = new ArrayBuffer(8);
  const cleaned: unknown[] = [];
  const source = step('source', () => buffer);
  const kept = step('kept', () => buffer, { cleanup: (output) => cleaned.push(output.byteLength) });
  const moving = pool.task('lengthOf', () => transfer(buffer, [buffer]));
  const refusal = (producer: string): object => ({ cause: { name: 'SharedTransferError', producer } });
  const moves = step('moves', { source }, moving);
  await expect(workflow('shared', { source, moves }).run().result()).rejects.toMatchObject(refusal('source'));
  const movesKept = step('moves', { kept }, moving);
  await expect(workflow('shared', { movesKept }).run().result()).rejects.toMatchObject(refusal('kept'));
  expect([buffer.byteLength, ...cleaned]).toStrictEqual([8, 8]);
});

test('the one consumer of an output may move it, even where it has two names for it', async () => {
  const pool = taskPool({ size: 1 });
  const buffers: ArrayBuffer[] = [];
  const source = step('source', () => {
    const column = new Float64Array(8);
    buffers.push(column.buffer);
    return { column };
  });
  const alone = step(
    'alone',
    { source },
    pool.task('lengthOf', ({ source: { column } }) => transfer(column.buffer, [column.buffer])),
  );
  const twice = step(
    'twice',
    { source, again: source },
    pool.task('lengthOf', (inputs) => inputs.again.column.buffer, { transfer: (buffer) => [buffer] }),
  );
  expect(await workflow('one', { alone }).run().result()).toStrictEqual({ alone: 64 });
  expect(await workflow('one', { twice }).run().result()).toStrictEqual({ twice: 64 });
  expect(buffers.map((buffer) => buffer.byteLength)).toStrictEqual([0, 0]);
});

test('what others were done with may be moved', async () => {
  const pool = taskPool({ size: 1 });
  const source = step('source', () => new ArrayBuffer(8));
  const reads = step('reads', { source }, (inputs) => inputs.source.byteLength);
  const moves = step(
    'moves',
    { source, reads },
    pool.task('lengthOf', (inputs) => inputs.source, { transfer: (buffer) => [buffer] }),
  );
  expect(await workflow('last', { moves, reads }).run().result()).toStrictEqual({ moves: 8, reads: 8 });
});

test('which of two consumers is faster makes no difference: neither may move', async () => {
  const pool = taskPool({ size: 1 });
  const source = step('source', () => new ArrayBuffer(8));
  const reads = step('reads', { source }, (inputs) => inputs.source.byteLength, { priority: 1 });
  const moves = step(
    'moves',
    { source },
    pool.task('lengthOf', (inputs) => inputs.source, { transfer: (buffer) => [buffer] }),
  );
  await expect(workflow('race', { reads, moves }).run({ concurrency: 1 }).result()).rejects.toMatchObject({
    stepId: 'moves',
    cause: { name: 'SharedTransferError', producer: 'source' },
  });
});

test('what is no part of a shared output may be moved', async () => {
  const pool = taskPool({ size: 1 });
  const source = step('source', () => new Uint8Array(8));
  const own = step('own', () => new ArrayBuffer(16));
  const copies = step(
    'copies',
    { source },
    pool.task('lengthOf', (inputs) => inputs.source.slice().buffer, { transfer: (copy) => [copy] }),
  );
  const moves = step(
    'moves',
    { source, own },
    pool.task('lengthOf', (inputs) => inputs.own, { transfer: (buffer) => [buffer] }),
  );
  const result = await workflow('shared', { source, copies, moves }).run().result();
  expect(result).toStrictEqual({ source: new Uint8Array(8), copies: 8, moves: 16 });
});

test('nothing is looked at where nothing is moved', async () => {
  const pool = taskPool({ size: 1 });
  const source = step('source', () => new Uint8Array(8));
  const echo = step(
    'echo',
    { source },
    pool.task('echo', (inputs) => inputs.source, { transfer: () => [] }),
  );
  const result = await workflow('shared', { source, echo }).run().result();
  expect(result).toStrictEqual({ source: new Uint8Array(8), echo: new Uint8Array(8) });
});

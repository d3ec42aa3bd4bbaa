import { MessageChannel } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { InvalidOptionsError } from '../../lib/base/errors.ts';
import { exposeTasks, handshake } from '../../lib/thread/expose-tasks.ts';
import { announceEnds, ifPoolThread } from '../../lib/thread/thread-host.ts';
import { fromWorker, toWorker } from '../../lib/wire/messages.ts';

test('outside of a pool, tasks are the plain functions they are', () => {
  const record = { double: (value: number) => value * 2 };
  expect(exposeTasks(record)).toBe(record);
  expect(exposeTasks(record).double(21)).toBe(42);
  const start = vi.fn();
  ifPoolThread(start);
  expect(start).not.toHaveBeenCalled();
});

test.for([
  [{}, 'at least one function'],
  [{ wrong: 1 }, 'expected tasks.wrong to be a function, got 1'],
  [[], 'expected tasks to be an object'],
  [undefined, 'expected tasks to be an object'],
] as const)('exposeTasks refuses %o', ([tasks, message]) => {
  expect(() => exposeTasks(tasks as never)).toThrow(InvalidOptionsError);
  expect(() => exposeTasks(tasks as never)).toThrow(message);
});

test('the handshake gives the names and answers on the port', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
  });
  const control = new Int32Array(new SharedArrayBuffer(64));
  const tasks = {
    double: (value: number) => value * 2,
    wait: (_: unknown, { token }: { token: { isCancelled: boolean } }) => {
      while (!token.isCancelled) Math.random();
    },
  };
  expect(handshake(tasks).connect(port2, control)).toStrictEqual(['double', 'wait']);
  const answer = new Promise((resolve) => port1.once('message', resolve));
  port1.postMessage([toWorker.run, 1, 'double', 21, 1, undefined, false]);
  expect(await answer).toStrictEqual([fromWorker.result, 1, 42, expect.any(Number)]);

  const end = new Promise((resolve) => port1.once('message', resolve));
  port1.postMessage([toWorker.run, 2, 'wait', undefined, 1, undefined, false]);
  port1.postMessage([toWorker.cancel, 2, ['value', 'enough']]);
  Atomics.store(control, 0, 2);
  expect(await end).toStrictEqual([fromWorker.stopped, 2]);
});

test('only the listeners that swallow errors are taken back', () => {
  const ours = (): void => undefined;
  const swallowing = (error: unknown): void => {
    postUncaughtErrorMessage(error);
  };
  const before = process.listeners('uncaughtException');
  process.on('uncaughtException', ours);
  process.on('uncaughtException', swallowing);
  announceEnds();
  expect(process.listeners('uncaughtException')).toStrictEqual([...before, ours]);
  process.off('uncaughtException', ours);
});

/** Stands for the function of threads.js. */
function postUncaughtErrorMessage(error: unknown): void {
  throw error;
}

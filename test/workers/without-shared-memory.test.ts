import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CancelledError } from '../../lib/base/errors.ts';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import { taskPool } from './support/pools.ts';

// As in a page that isn't cross-origin isolated.
describe('without SharedArrayBuffer', () => {
  beforeEach(() => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('a thread runs many short calls, all of them once', async () => {
    const pool = taskPool({ size: 1 });
    for (let round = 0; round < 3; round++) {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const doubled = numbers.map((number) => firstValueFrom(pool.run('double', number)));
      expect(await Promise.all(doubled)).toEqual(numbers.map((number) => number * 2));
    }
    expect(pool.stats().started).toBe(1);
  });

  test('a crash fails the call that was sent, and it is not run again', async () => {
    const pool = taskPool({ size: 1 });
    await expect(firstValueFrom(pool.run('exit', 3))).rejects.toThrow(WorkerCrashedError);
    expect(await firstValueFrom(pool.run('double', 1))).toBe(2);
  });

  test('a thread whose task never lets its event loop turn is replaced once it is cancelled', async () => {
    const pool = taskPool({ size: 1 });
    await pool.prewarm();
    const signal = AbortSignal.abort('no');
    await expect(firstValueFrom(pool.run('double', 1, { signal }))).rejects.toThrow(CancelledError);
    await new Promise<void>((resolve) => {
      const call = pool.run('endless', new Int32Array(1) as never).subscribe();
      setImmediate(() => {
        call.unsubscribe();
        resolve();
      });
    });
    expect(await firstValueFrom(pool.run('double', 1))).toBe(2);
    expect(pool.stats().replaced).toBe(1);
  });
});

import { expect, test } from 'vitest';
import { patiently } from '../../lib/store/patiently.ts';

/** A file system that refuses so often; gives how often it was asked, and how long was waited. */
async function refused(times: number, code: string, platform: NodeJS.Platform) {
  const waits: number[] = [];
  let calls = 0;
  const work = (): Promise<void> => {
    calls++;
    return calls > times ? Promise.resolve() : Promise.reject(Object.assign(new Error(code), { code }));
  };
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  const outcome = await patiently(work, { platform, wait }).then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  );
  return { outcome, calls, waits };
}

test.each(['EPERM', 'EACCES', 'EBUSY'])(
  '%s on Windows, where a file is open, is waited for',
  async (code) => {
    expect(await refused(2, code, 'win32')).toEqual({ outcome: 'done', calls: 3, waits: [10, 20] });
  },
);

test('a file that stays open is given up after some time', async () => {
  const { outcome, waits } = await refused(Number.POSITIVE_INFINITY, 'EBUSY', 'win32');
  expect(outcome).toBe('EBUSY');
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640]);
});

test.each([
  ['EPERM', 'linux'],
  ['EBUSY', 'darwin'],
  ['ENOSPC', 'win32'],
] as const)('%s on %s is told at once', async (code, platform) => {
  expect(await refused(1, code, platform)).toEqual({ outcome: code, calls: 1, waits: [] });
});

import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasRedis, TestRedis } from '../bullmq/support/redis.ts';
import { temporaryFolder, writeFlights } from './support/flights-parquet.ts';

const program = fileURLToPath(new URL('../../examples/flights/demo.js', import.meta.url));
const folder = temporaryFolder();
const out = () => join(folder(), 'out');

/** Runs the demo as a process; `onError` sees what it has written to stderr so far, each time there is more. */
async function demo(
  args: readonly string[],
  onError?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void,
) {
  const child = spawn(process.execPath, [program, '--out', out(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onError?.(stderr, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

describe('npm run demo', { timeout: 60_000 }, () => {
  test('prints the report and how the runs compare, progress aside', async () => {
    const file = await writeFlights(join(folder(), 'small.parquet'));
    const { code, stdout, stderr } = await demo(['--file', file]);
    expect(stderr).toContain('on every core: row-group-0 (');
    expect(stdout).toMatch(/^3 flights from 2 airports on 3 routes\n/);
    expect(stdout).toMatch(
      /\non every core( +\d+\.\d\d s){2}\nconcurrency: 1( +\d+\.\d\d s){2}\nratio( +\d+\.\d\d×){2}\n$/,
    );
    expect(stdout + stderr).not.toContain(String.fromCodePoint(27));
    expect(code).toBe(0);
    expect(await readdir(out())).toEqual(['flights.html', 'flights.json', 'run.html']);
  });

  test('with --resume goes on where it was killed', async () => {
    const file = await writeFlights(join(folder(), 'small.parquet'));
    const args = ['--file', file, '--resume'];
    const killed = await demo(args, (stderr, kill) => {
      if (stderr.includes('row-group-0')) kill('SIGKILL');
    });
    const { code, stdout } = await demo(args);
    expect(code).toBe(0);
    const [, before = '0'] = /(\d+) of \d+ steps were done before\n$/.exec(stdout) ?? [];
    if (killed.code === null) expect(Number(before)).toBeGreaterThan(0);
    const again = await demo(args);
    expect(again.stdout).toMatch(/(\d+) of \1 steps were done before\n$/);
    expect(again.stdout.split('\n')[0]).toBe(stdout.split('\n')[0]);
  });

  test.skipIf(!hasRedis)('with --remote comes to the same numbers, on other processes', async () => {
    await using redis = await TestRedis.start();
    const small = ['--file', await writeFlights(join(folder(), 'small.parquet'))];
    const numbers = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await demo(args);
      expect(code, stderr).toBe(0);
      const { source: _, ...rest } = JSON.parse(
        await readFile(join(out(), 'flights.json'), 'utf8'),
      ) as Record<string, unknown>;
      return { rest, stdout };
    };
    for (const args of [small, []]) {
      const here = await numbers([...args, '--resume']);
      const elsewhere = await numbers([...args, '--remote', redis.url]);
      expect(elsewhere.rest).toStrictEqual(here.rest);
      expect(elsewhere.stdout).toMatch(/done by [12] of 2 worker processes\n$/);
      await rm(join(out(), '.millrace'), { recursive: true });
    }
  });

  test('with --remote where no Redis is, says so in a line', async () => {
    const file = await writeFlights(join(folder(), 'small.parquet'));
    const { code, stderr } = await demo(['--file', file, '--remote', 'redis://someone:s3cret@127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toContain('redis://127.0.0.1:1');
    expect(stderr).not.toContain('s3cret');
  });

  // Windows has no signals that a process could send to another.
  test.skipIf(process.platform === 'win32')('serves its runs until it is interrupted', async () => {
    const file = await writeFlights(join(folder(), 'small.parquet'));
    let page: Promise<string> | undefined;
    const { code, stdout, stderr } = await demo(['--file', file, '--dashboard'], (stderr, kill) => {
      const url = /the runs live: (\S+)/.exec(stderr)?.[1];
      if (page !== undefined || url === undefined || !stderr.includes('until Ctrl-C')) return;
      page = fetch(url).then((response) => response.text());
      void page.finally(() => {
        kill('SIGINT');
      });
    });
    expect(await page).toContain('<title>millrace</title>');
    expect(stdout).toContain('run.html');
    expect(stderr).toContain('the page stays until Ctrl-C');
    expect(code).toBe(0);
  });

  test('says in one line which port it can’t have', async () => {
    const { code, stderr } = await demo(['--dashboard', '--port', 'eighty']);
    expect(stderr).toBe("error: --port takes a number from 0 to 65535, not 'eighty'\n");
    expect(code).toBe(2);
  });

  test('says in one line what is wrong with a file', async () => {
    const { code, stdout, stderr } = await demo(['--file', 'none.parquet']);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: none.parquet: no such file\n',
    });
  });

  test('says in one line which argument it can’t read', async () => {
    const { code, stderr } = await demo(['--flie', 'a']);
    expect(stderr).toMatch(/^error: Unknown option '--flie'.*\n$/);
    expect(code).toBe(2);
  });

  // Windows has no signals that a process could send to another.
  test.skipIf(process.platform === 'win32').each([
    { signal: 'SIGINT', expected: 130 },
    { signal: 'SIGTERM', expected: 143 },
  ] as const)('ends with $expected on $signal, without a trace', async ({ signal, expected }) => {
    // Once: a signal that comes while the process is already ending ends it by itself.
    let isKilled = false;
    const { code, stdout, stderr } = await demo([], (stderr, kill) => {
      if (isKilled || !stderr.includes('row-group')) return;
      isKilled = true;
      kill(signal);
    });
    expect(stderr).toMatch(/\ninterrupted\n$/);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(expected);
    expect(await readdir(out())).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { recordsOf } from '../../property-tests/support/kept-runs.ts';
import { hasRedis, TestRedis } from './support/redis.ts';
import { worker } from './support/workers.ts';

/** Set to a number, it says how many kills there are. */
const kills = Number(process.env['KILLS'] ?? 8);

const numbers = Array.from({ length: 40 }, (_, at) => String(at));
const keys = numbers.flatMap((each) => [`l${each}`, `s${each}`]);
const expected = keys.reduce((sum, key) => sum + key.length, 3);

/** Runs the program, and kills it after so many ms unless it has ended before. */
async function coordinate(args: readonly string[], killAfter: number | undefined) {
  const program = fileURLToPath(inject('workerUrls')['coordinate.program'] ?? '');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const over = once(child, 'close');
  let out = '';
  const started = new Promise<void>((resolve) => {
    const heard = (data: unknown): void => {
      out += String(data);
      if (out.includes('started')) resolve();
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    void over.then(() => {
      resolve();
    });
  });
  await started;
  let wasKilled = false;
  if (killAfter !== undefined) {
    // At any instant of real time, whatever happens then.
    await Promise.race([over, sleep(killAfter)]);
    wasKilled = child.exitCode === null;
    child.kill('SIGKILL');
  }
  await over;
  return { wasKilled, out, result: /^result (.*)$/m.exec(out)?.[1] };
}

function startsIn(log: string): string[] {
  try {
    const lines = readFileSync(log, 'utf8').split('\n');
    return lines.flatMap((line) => (line.startsWith('start ') ? [line.slice(6)] : []));
  } catch {
    return [];
  }
}

async function doneIn(store: string, runId: string): Promise<string[]> {
  const records = recordsOf((await fileBackend(store).readLines(runId)) ?? []);
  return records.flatMap((record) => (record[0] === 'done' ? [record[1]] : []));
}

/** What the bodies of a step's path note. */
function keyOf(path: string): string {
  return path.replace(/^(.).*\[(\d+)\]$/, '$1$2');
}

describe.skipIf(!hasRedis)('a coordinator that is killed at any instant', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test(
    `is started again and takes over what it had sent: nothing is lost, and nothing is done twice (${String(kills)} kills)`,
    async () => {
      await worker({ connection: redis.url, queue: 'killed', slots: 4, lease: '2s' });
      const figures = { kills: 0, runs: 0, underWay: 0 };
      while (figures.kills < kills) {
        const folder = mkdtempSync(join(tmpdir(), 'millrace-killed-'));
        const runId = `killed-${String(figures.runs)}`;
        const [store, log] = [join(folder, 'store'), join(folder, 'log')];
        for (let result: string | undefined; result === undefined; ) {
          const done = new Set((await doneIn(store, runId)).map(keyOf));
          const before = startsIn(log);
          figures.underWay += before.filter((key) => !done.has(key)).length;
          const killAfter = figures.kills < kills ? Math.random() * 700 : undefined;
          const { wasKilled, out, ...ended } = await coordinate([redis.url, store, log, runId], killAfter);
          if (wasKilled) figures.kills++;
          // What is written down isn't begun again, and what was under way neither.
          const starts = startsIn(log).filter((key) => !key.startsWith('flaky'));
          expect(starts.length, out).toBe(new Set(starts).size);
          result = ended.result;
          if (result !== undefined) expect(JSON.parse(result)).toStrictEqual({ total: expected });
          else expect(wasKilled, out).toBe(true);
        }
        expect(
          startsIn(log)
            .filter((key) => !key.startsWith('flaky'))
            .sort(),
        ).toStrictEqual([...keys].sort());
        figures.runs++;
        rmSync(folder, { recursive: true, force: true });
      }
      if (process.env['KILLS'] !== undefined) process.stdout.write(`${JSON.stringify(figures)}\n`);
      expect(figures.kills).toBe(kills);
    },
    60_000 + kills * 6_000,
  );
});

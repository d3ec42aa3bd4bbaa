import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { recordsOf } from '../../property-tests/support/kept-runs.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** Set to a number, it says how many kills there are. */
const kills = Number(process.env['KILLS'] ?? 15);
const runId = 'killed';

const expected = {
  each: 374_250,
  branch: 'branch',
  reader: 'abcdefgh',
  flaky: 'flaky',
  sub: ['40000', '1,2'],
};

/** A process that runs the workflow. */
class Program {
  readonly #child: ChildProcess;
  readonly #over: Promise<unknown>;
  readonly started: Promise<void>;
  out = '';

  constructor(folder: string, log: string) {
    const [program, worker] = [inject('workerUrls')['kept.program'], inject('workerUrls')['kept']];
    this.#child = spawn(process.execPath, [fileURLToPath(program ?? ''), folder, log, worker ?? ''], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#over = once(this.#child, 'close');
    this.started = new Promise((resolve) => {
      const heard = (data: unknown): void => {
        this.out += String(data);
        if (this.out.includes('started')) resolve();
      };
      this.#child.stdout?.on('data', heard);
      this.#child.stderr?.on('data', heard);
      void this.#over.then(() => {
        resolve();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#over;
  }

  async end(): Promise<void> {
    await this.#over;
  }
}

/** What the bodies have noted since they were looked at last. */
class Log {
  readonly #path: string;
  #seen = 0;

  constructor(path: string) {
    this.#path = path;
  }

  take(): { readonly starts: readonly string[]; readonly ends: readonly string[] } {
    const all = read(this.#path).split('\n').slice(0, -1);
    const lines = all.slice(this.#seen);
    this.#seen = all.length;
    const of = (word: string) =>
      lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
    return { starts: of('start'), ends: of('end') };
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What counts of the journal: the steps that are done, all within them included; and the choices. */
async function journalOf(folder: string) {
  const done = new Set<string>();
  const choices = new Map<string, unknown>();
  for (const record of recordsOf((await fileBackend(folder).readLines(runId)) ?? [])) {
    if (record[0] === 'done') done.add(record[1]);
    if (record[0] === 'choice') choices.set(record[1], record[2]);
  }
  // Those that a stream connects are done together.
  if (!(done.has('source') && done.has('reader'))) for (const id of ['source', 'reader']) done.delete(id);
  return { done, choices };
}

describe('a process that is killed at any instant', () => {
  test(
    `and is started again comes to the same, and does nothing again that was written down (${String(kills)} kills)`,
    async () => {
      const figures = { kills: 0, runs: 0, again: 0, mostAgain: 0, mostEnded: 0, afterTheEnd: 0 };
      while (figures.kills < kills) {
        const folder = temporaryFolder();
        const log = new Log(join(folder, 'bodies.log'));
        const store = join(folder, 'store');
        let before = await journalOf(store);
        let unfinished = new Set<string>();
        for (let result: string | undefined; result === undefined; ) {
          const program = new Program(store, join(folder, 'bodies.log'));
          await program.started;
          if (figures.kills < kills) {
            // At any instant of real time, whatever happens then.
            await sleep(Math.random() * 450);
            if (program.hasEnded) figures.afterTheEnd++;
            else figures.kills++;
            await program.kill();
          } else {
            await program.end();
          }
          const { starts, ends } = log.take();
          const twice = starts.filter((stepId) => before.done.has(stepId));
          expect(twice, program.out).toStrictEqual([]);
          const chosen = before.choices.get('branch');
          if (chosen !== undefined) expect(starts).not.toContain(chosen === 'left' ? 'right' : 'left');
          figures.again += starts.filter((stepId) => unfinished.has(stepId)).length;
          // A kill may cut the line that is being written.
          const said = program.out
            .split('\n')
            .filter((line) => !line.includes('is cut, and has been left out'));
          expect(said.join('\n')).not.toMatch(/warning|Error/);
          before = await journalOf(store);
          // Whoever had ended, but isn't written down, ended last: outputs of their own file apart.
          const ended = ends.filter((stepId) => !['sub/long', 'source', 'reader', 'flaky'].includes(stepId));
          const lost = ended.filter(
            (stepId) => !before.done.has(stepId) && !isWithinDone(stepId, before.done),
          );
          figures.mostEnded = Math.max(figures.mostEnded, lost.length);
          unfinished = new Set(starts.filter((stepId) => !before.done.has(stepId)));
          figures.mostAgain = Math.max(figures.mostAgain, unfinished.size);
          // Threads note an end when this process may have much to do before it hears of it: they have an order of their own.
          for (const isPooled of [true, false]) {
            const of = (ids: readonly string[]): readonly string[] =>
              ids.filter((stepId) => stepId.startsWith('pooled[') === isPooled);
            const last = of(ended).slice(Math.max(0, of(ended).length - of(lost).length - slack));
            expect(of(lost).filter((stepId) => !last.includes(stepId))).toStrictEqual([]);
          }
          result = /^result (.*)$/m.exec(program.out)?.[1];
          if (result !== undefined) expect(JSON.parse(result)).toMatchObject({ total: expected });
        }
        figures.runs++;
        rmSync(folder, { recursive: true, force: true });
      }
      if (process.env['KILLS'] !== undefined) process.stdout.write(`${JSON.stringify(figures)}\n`);
      expect(figures.kills).toBe(kills);
    },
    60_000 + kills * 3_000,
  );
});

/** Bodies note their end before it is known here: those of several steps in another order, at times. */
const slack = 16;

function isWithinDone(stepId: string, done: ReadonlySet<string>): boolean {
  return [...done].some((path) => stepId.startsWith(`${path}[`) || stepId.startsWith(`${path}/`));
}

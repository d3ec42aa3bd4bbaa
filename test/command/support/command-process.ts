import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** What Node is told to run the command from source. */
export const commandArgs: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  '--import',
  new URL('report-page.hook.mjs', import.meta.url).href,
  '-C',
  'millrace:source',
  source('../../../lib/command/main.ts'),
];

/** A file of test/command/fixtures. */
export const fixture = (name: string): string => source(`../fixtures/${name}`);

/** The command in a process of its own. */
export interface CommandProcess {
  readonly child: ChildProcess;
  /** Settles once stderr has said it. */
  says(text: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

export function startCommand(
  words: readonly string[],
  { cwd, ...env }: { readonly cwd: string; readonly [name: string]: string },
): CommandProcess {
  const child = spawn(process.execPath, [...commandArgs, ...words], {
    cwd,
    env: { ...process.env, CI: '', DEBUG: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let heard = (): void => undefined;
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
    heard();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout,
    stderr,
  }));
  return {
    child,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        heard = () => {
          if (stderr.includes(text)) resolve();
        };
        heard();
        void ended.then(() => {
          reject(new Error(`it ended without saying '${text}': ${stderr}`));
        });
      }),
  };
}

export function command(
  words: readonly string[],
  terms: Parameters<typeof startCommand>[1],
): CommandProcess['ended'] {
  return startCommand(words, terms).ended;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a process may take to end by itself before it is killed, in ms. */
const patienceMs = 2000;

/**
 * Runs a program. An abort ends it and all that it has started, and the Promise settles once it has ended: until then the step
 * has not stopped, and keeps what it has taken.
 */
export async function command(
  file: string,
  args: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  signal.throwIfAborted();
  // A group of its own, so that one signal reaches whatever it starts. Ctrl-C of the terminal doesn't reach it then.
  const isGroup = process.platform !== 'win32';
  const child = spawn(file, args, { detached: isGroup, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    end(child.pid, 'SIGTERM');
    killer = setTimeout(() => {
      end(child.pid, 'SIGKILL');
    }, patienceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${file} ended with ${String(code ?? by)}`);
    return output;
  } finally {
    clearTimeout(killer);
    signal.removeEventListener('abort', stop);
  }
}

function end(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/t', '/f']);
    return;
  }
  try {
    // The group, its leader among it.
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

/** How an example ended, and what it has written. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs an example as `npm run example:<name>` does.
 *
 * @param onOutput - sees what was written to stdout so far, each time there is more
 * @param nodeArgs - more that Node is told
 */
export async function runExample(
  name: string,
  args: readonly string[] = [],
  onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void,
  nodeArgs: readonly string[] = [],
): Promise<Ended> {
  const program = `examples/${name}/main.ts`;
  const child = spawn(process.execPath, [tsx, '-C', 'millrace:source', ...nodeArgs, program, ...args], {
    cwd: root,
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** How an example ended, and what it has written. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs an example as `npm run example:<name>` does, but for the process in which tsx would only start another.
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
  const node = ['--import', tsx, '-C', 'millrace:source', ...nodeArgs];
  const child = spawn(process.execPath, [...node, program, ...args], { cwd: root });
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

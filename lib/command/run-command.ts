import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './exit.ts';
import { moduleUrl } from './load-module.ts';
import { otherCommand } from './other-copy.ts';
import { programOf } from './program.ts';
import { errorText, processTerminal, type Terminal, writeLines } from './terminal.ts';

/** Runs the command in this process, and ends it once all that was written has been taken. */
export async function runProcess(args: readonly string[]): Promise<void> {
  const other = otherCopy(args);
  if (other !== undefined) {
    await import(other.href);
    return;
  }
  const terminal = processTerminal();
  const code = await runCommand(args, terminal);
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => {
      stream.write('', () => {
        resolve();
      });
    });
  // What a module has left open holds nobody.
  process.exit(code);
}

/** Does what the arguments say; gives the exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCodes.done;
  const program = programOf({
    terminal,
    version: ownVersion(),
    ended: (ending) => {
      code = ending;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    writeLines(terminal.err, errorText(error, isVerbose(args)));
    return exitCodeOf(error);
  }
}

/** The copy that the module uses, where one is run or drawn. */
function otherCopy([command, ...args]: readonly string[]): URL | undefined {
  if (command !== 'run' && command !== 'graph' && command !== 'work') return undefined;
  for (const arg of args) {
    if (arg.startsWith('-')) continue;
    try {
      return otherCommand(moduleUrl(arg));
    } catch {
      // It is the value of an option, or is told of later.
    }
  }
  return undefined;
}

function isVerbose(args: readonly string[]): boolean {
  const debug = process.env['DEBUG'] ?? '';
  return args.includes('--verbose') || debug.split(',').some((name) => name === '*' || name === 'millrace');
}

function ownVersion(): string {
  const file = createRequire(import.meta.url).resolve('millrace/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf, exitCodes } from './exit.ts';
import { moduleUrl } from './load-module.ts';
import { defaultStore, openStore } from './open-store.ts';
import { otherCommand } from './other-copy.ts';
import { type RunCommandOptions, runWorkflow } from './run-workflow.ts';
import { runsText, runText } from './show-run.ts';
import { drained, errorText, processTerminal, type Terminal, writeJson, writeLines } from './terminal.ts';
import type { Store } from '../store/store.ts';

interface LookOptions {
  readonly store: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Runs the command in this process, and ends it. */
export async function run(args: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  const code = await runCommand(args, terminal);
  await drained(process.stdout);
  await drained(process.stderr);
  // What a module has left open holds nobody.
  process.exit(code);
}

/** Does what the arguments say; gives the exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCodes.done;
  const program = programOf(terminal, (ended) => {
    code = ended;
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

function isVerbose(args: readonly string[]): boolean {
  const debug = process.env['DEBUG'] ?? '';
  return args.includes('--verbose') || /(?:^|,)(?:\*|millrace)/.test(debug);
}

function programOf(terminal: Terminal, ended: (code: number) => void): Command {
  const program = new Command('millrace')
    .description('Runs workflows, goes on where they stopped, and tells what became of them.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
    });
  program
    .command('run')
    .argument('<module>')
    .option('--input <k=v>', '', collected, [])
    .option('--store <s>', '', defaultStore)
    .option('--limit <k=v>', '', collected, [])
    .option('--from <k=v>', '', collected, [])
    .option('--run-id <id>')
    .option('--json')
    .action(async (module: string, options: RunCommandOptions) => {
      ended(await runWorkflow(module, options, terminal));
    });
  program.command('runs').option('--store <s>', '', defaultStore).action(async (o: LookOptions) => { writeLines(terminal.out, runsText(await openStore(o.store).runs())); });
  program.command('show').argument('<run>').option('--store <s>', '', defaultStore).action(async (r: string, o: LookOptions) => { writeLines(terminal.out, runText(await openStore(o.store).show(r), false)); });
  return program;
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

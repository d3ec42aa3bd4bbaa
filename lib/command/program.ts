// Long because it is one list: every command and option there is, with what it says of itself.
import { writeFile } from 'node:fs/promises';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { parseBytes } from '../base/bytes.ts';
import { parseDuration } from '../base/durations.ts';
import { htmlReport } from '../report/html-report.ts';
import { toDot } from '../report/to-dot.ts';
import { toMermaid } from '../report/to-mermaid.ts';
import type { Store } from '../store/store.ts';
import { differenceText } from './compare-runs.ts';
import { type CompletedCommand, candidatesFor, completionScript, shellNamed } from './completion.ts';
import { exitCodes, UsageError } from './exit.ts';
import { explanationText } from './explain-step.ts';
import { closePools, findWorkflow } from './find-workflow.ts';
import { onInterrupt } from './interrupts.ts';
import { loadModule, moduleUrl } from './load-module.ts';
import { defaultStore, openStore } from './open-store.ts';
import { replayRun } from './replay-run.ts';
import { logLine, logOf } from './run-log.ts';
import { type RunCommandOptions, runWorkflow } from './run-workflow.ts';
import { serveStore } from './serve-store.ts';
import { runsText, runText } from './show-run.ts';
import { bytesText } from './table.ts';
import { jsonText, type Terminal, writeJson, writeLines } from './terminal.ts';

/** The options that every command has. */
interface CommonOptions {
  readonly store: string;
  readonly json?: boolean;
}

/** How a command is carried out. */
export interface ProgramTerms {
  readonly terminal: Terminal;
  readonly version: string;
  /** Hears what the process should end with. */
  readonly ended: (code: number) => void;
}

/** All that the command can do. */
export function programOf({ terminal, version, ended }: ProgramTerms): Command {
  const program = new Command('millrace')
    .description('Runs workflows, goes on where they stopped, and tells what became of them.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
      outputError: (text, write) => {
        write(`millrace: ${text.replace(/^error: /, '')}`);
      },
    })
    .addHelpText('after', exitCodesHelp);

  program
    .command('run')
    .summary('run the workflow of a module')
    .description(
      'Runs the workflow that a module exports. The result goes to stdout, progress to stderr. Runs are kept in a store, so that one that was stopped goes on where it was.',
    )
    .argument('<module>', 'the module, by path or file: URL; TypeScript too')
    .option('-w, --workflow <name>', 'which one, where the module exports several')
    .option(
      '-i, --input <name=value>',
      'an input: JSON or text, as its schema accepts it; repeatable',
      collected,
    )
    .option('-l, --limit <class=amount>', 'the capacity of a resource class; repeatable', collected)
    .option('-c, --concurrency <n>', 'how many steps may run at once', count(1))
    .addOption(storeOption())
    .option('--no-store', 'keep nothing')
    .option('--run-id <id>', 'what the run is called; one that is known goes on where it stopped')
    .addOption(
      new Option(
        '-r, --resume [how]',
        'go on with the last run of the workflow that stopped, or with --run-id; "compatible" where steps have changed',
      ).choices(['same', 'compatible']),
    )
    .option('--from <step>', 'go on, and do this step and what depends on it again; repeatable', collected)
    .option('-d, --dashboard [port]', 'serve the live page while it runs', port)
    .addOption(jsonOption())
    .option('-q, --quiet', 'no progress')
    .addOption(verboseOption())
    .addHelpText('after', runExamples)
    .action(async (module: string, options: RunCommandOptions) => {
      ended(await runWorkflow(module, options, terminal));
    });

  program
    .command('graph')
    .summary('draw the workflow of a module')
    .description('Draws the workflow that a module exports. Runs nothing.')
    .argument('<module>', 'the module, by path or file: URL')
    .option('-w, --workflow <name>', 'which one, where the module exports several')
    .addOption(
      new Option('-f, --format <format>', 'in what').choices(['mermaid', 'dot', 'json']).default('mermaid'),
    )
    .addOption(jsonOption())
    .addOption(verboseOption())
    .action(async (module: string, options: CommonOptions & { workflow?: string; format: string }) => {
      const exports = await loadModule(moduleUrl(module));
      const { name, steps } = findWorkflow(module, exports, options.workflow);
      if (options.json === true || options.format === 'json') writeJson(terminal, { name, steps });
      else writeLines(terminal.out, (options.format === 'dot' ? toDot : toMermaid)({ name, steps }));
      await closePools(exports);
    });

  looking('runs', 'list the runs of a store')
    .description('Lists the runs of a store, the one that changed last first.')
    .option('-w, --workflow <name>', 'only those of one workflow')
    .addOption(
      new Option('-s, --status <status>', 'only those that stand so').choices([
        'completed',
        'failed',
        'cancelled',
        'running',
        'interrupted',
      ]),
    )
    .action((options: CommonOptions & { workflow?: string; status?: string }) =>
      withStore(options, async (store) => {
        const runs = (await store.runs()).filter(
          ({ workflow, status }) =>
            (options.workflow === undefined || workflow === options.workflow) &&
            (options.status === undefined || status === options.status),
        );
        say(options, runs, () => runsText(runs));
      }),
    );

  looking('show', 'show how a run and its steps stand')
    .description(
      'Shows how a run and its steps stand: status, durations, attempts, where outputs came from, and their size.',
    )
    .argument('<run>', 'the id of the run')
    .option('-a, --all', 'with every child of a fan-out and every step of a subflow')
    .action((runId: string, options: CommonOptions & { all?: boolean }) =>
      withStore(options, async (store) => {
        const run = await store.show(runId);
        say(options, run, () => runText(run, options.all === true));
      }),
    );

  looking('why', 'tell why a step ran, or did not')
    .description(
      'Tells why a step ran, was restored or was found in the cache: what differs, and from which run.',
    )
    .argument('<run>', 'the id of the run')
    .argument('<step>', 'the id of the step, or its path')
    .action((runId: string, stepId: string, options: CommonOptions) =>
      withStore(options, async (store) => {
        const explanation = await store.why(runId, stepId);
        say(options, explanation, () => explanationText(explanation));
      }),
    );

  looking('logs', 'print what the steps of a run had to say')
    .description('Prints what the steps of a run had to say, what failed and what deserves attention.')
    .argument('<run>', 'the id of the run')
    .option('--step <step>', 'only of this step, and of what it is made of')
    .option('--events', 'every event there is, as JSON lines')
    .action((runId: string, options: CommonOptions & { step?: string; events?: boolean }) =>
      withStore(options, async (store) => {
        for (const { events } of await store.goes(runId)) {
          for (const event of events) {
            if (options.step !== undefined && !isWithin(event, options.step)) continue;
            const line = logLine(event);
            if (options.events === true || (options.json === true && line !== undefined))
              writeLines(terminal.out, jsonText(event));
            else if (line !== undefined) writeLines(terminal.out, line);
          }
        }
      }),
    );

  looking('report', 'make a page of a run')
    .description(
      'Makes one HTML file of a run: the graph, the attempts over time, the critical path, the steps, the errors.',
    )
    .argument('<run>', 'the id of the run, or an event log that writeJsonLines wrote')
    .option('-o, --output <file>', 'where it goes; - is stdout (default: the id of the run, as a file)')
    .action(async (named: string, options: CommonOptions & { output?: string }) => {
      const log = await logOf(named, options.store);
      const file = options.output ?? `${log.runId.replaceAll(/[^\w.-]+/g, '-')}.html`;
      const page = htmlReport(log);
      if (file === '-') {
        writeLines(terminal.out, page);
        return;
      }
      try {
        await writeFile(file, page);
      } catch (error) {
        throw new UsageError(`the report can't be written to ${file}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      say(options, { file }, () => file);
    });

  looking('replay', 'show a run in the terminal as it went')
    .description('Shows a run in the terminal as it went, as fast as it went or faster.')
    .argument('<run>', 'the id of the run, or an event log that writeJsonLines wrote')
    .option('-s, --speed <times>', 'how many times as fast', speed, 10)
    .action(async (named: string, options: CommonOptions & { speed: number }) => {
      await replayRun(await logOf(named, options.store), options.speed, terminal);
    });

  looking('diff', 'tell how two runs differ')
    .description(
      'Tells how two runs differ: workflow, versions and inputs, and the steps that fared otherwise or came to something else.',
    )
    .argument('<run>', 'the id of the one')
    .argument('<other>', 'the id of the other')
    .option('-a, --all', 'with the steps that do not differ')
    .action((left: string, right: string, options: CommonOptions & { all?: boolean }) =>
      withStore(options, async (store) => {
        const difference = await store.diff(left, right);
        say(options, difference, () => differenceText(difference, options.all === true));
      }),
    );

  looking('cancel', 'ask a run of another process to cancel')
    .description(
      'Asks the process that is at a run to cancel it, with its clean-ups. It does so at its next heartbeat, within two seconds.',
    )
    .argument('<run>', 'the id of the run')
    .option('--reason <text>', 'what the run is told as the reason', 'cancelled by millrace cancel')
    .action((runId: string, options: CommonOptions & { reason: string }) =>
      withStore(options, async (store) => {
        if (!(await store.cancel(runId, options.reason)))
          throw new UsageError(`no process is at run '${runId}', so that there is nothing to cancel`);
        say(options, { runId, asked: true }, () => `run '${runId}' was asked to cancel`);
      }),
    );

  looking('gc', 'remove what is old, or too much')
    .description(
      'Removes runs, cached results and large values: what is too old, what is too much, and what nothing names any more. Never a run that a process is at.',
    )
    .option('--older-than <duration>', 'what has not changed or been used for so long, as in 30d', duration)
    .option('--max-bytes <amount>', 'the oldest, until the store takes no more than this, as in 2GiB', bytes)
    .option('--keep <n>', 'how many of the latest runs stay in any case', count(0), 0)
    .option('-n, --dry-run', 'only tell what would go')
    .action(
      (options: CommonOptions & { olderThan?: number; maxBytes?: number; keep: number; dryRun?: boolean }) =>
        withStore(options, async (store) => {
          const { olderThan, maxBytes, keep, dryRun } = options;
          const report = await store.gc({ olderThan, maxBytes, keep, dryRun });
          const { runs, cached, blobs } = report;
          say(options, report, () =>
            [
              ...runs.map((runId) => `run ${runId}`),
              `${dryRun === true ? 'would remove' : 'removed'} ${counted(runs.length, 'run')}, ${counted(cached, 'cached result')}, ${counted(blobs, 'large value')}: ${bytesText(report.bytes)}; ${bytesText(report.left)} left`,
            ].join('\n'),
          );
        }),
    );

  looking('serve', 'serve the dashboard over a store')
    .description(
      'Serves the dashboard over a store until Ctrl-C: runs that are over, and those of whatever process that go on.',
    )
    .option('-p, --port <port>', 'the port; any that is free by default', port, 0)
    .option(
      '--host <host>',
      'the address to listen on; any but a loopback one shows the runs to the network',
      '127.0.0.1',
    )
    .option('--keep <n>', 'how many of the latest runs', count(1), 20)
    .action((options: CommonOptions & { port: number; host: string; keep: number }) =>
      withStore(options, async (store) => {
        const { port: at, host, keep } = options;
        const served = await serveStore(store, { port: at, host, keep }, (problem) => {
          writeLines(terminal.err, `millrace: ${problem}`);
        });
        say(options, { url: served.url }, () => served.url);
        await new Promise<void>((resolve) => {
          onInterrupt(() => {
            resolve();
          });
        });
        await served.close();
      }),
    );

  program
    .command('completion')
    .summary('print what a shell needs to complete commands and ids of runs')
    .description('Prints a script for the shell, as in: millrace completion bash >> ~/.bashrc')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').argParser(shellNamed))
    .action((shell: string) => {
      writeLines(terminal.out, completionScript(shell));
    });

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const found = await candidatesFor(words, completedCommands(program), namesIn(storeNamed(words)));
      writeLines(terminal.out, found.join('\n'));
    });

  return program;

  /** A command that looks into a store. */
  function looking(name: string, summary: string): Command {
    return program
      .command(name)
      .summary(summary)
      .addOption(storeOption())
      .addOption(jsonOption())
      .addOption(verboseOption());
  }

  async function withStore(options: CommonOptions, work: (store: Store) => Promise<void>): Promise<void> {
    const store = openStore(options.store);
    try {
      await work(store);
    } finally {
      await store[Symbol.asyncDispose]();
    }
  }

  function say(options: CommonOptions, data: unknown, text: () => string): void {
    if (options.json === true) writeJson(terminal, data);
    else writeLines(terminal.out, text());
    ended(exitCodes.done);
  }
}

const storeOption = (): Option =>
  new Option('--store <place>', 'where runs are kept: a folder, or a file of SQLite (*.db)').default(
    defaultStore,
  );
const jsonOption = (): Option => new Option('--json', 'data as JSON on stdout');
const verboseOption = (): Option => new Option('--verbose', 'errors with all that is known of them');

const exitCodesHelp = `
Exit codes:
  0    it is done
  1    the run failed, or was cancelled from elsewhere
  2    it can't be done as it was asked for: arguments, inputs, module, unknown run
  3    the store: held by another process, changed since, full, unreadable
  13   the run can never end
  130  Ctrl-C: the first cancels the run with its clean-ups, the second ends it at once`;

const runExamples = `
Examples:
  millrace run flights.ts --input path=flights.parquet --limit heavy-cpu=2
  millrace run flights.ts --input path=flights.parquet --run-id nightly    the same again goes on where it stopped
  millrace run flights.ts --input path=flights.parquet --resume            goes on with the last one that stopped
  millrace run flights.ts --input path=flights.parquet --from delays       does a step again, and what depends on it`;

/** What completion has to know of the commands. */
function completedCommands(program: Command): readonly CompletedCommand[] {
  return program.commands
    .filter((command) => command.name() !== 'complete')
    .map((command) => ({
      name: command.name(),
      options: command.options.flatMap(({ long }) => long ?? []),
      arguments: command.registeredArguments.map((argument) => {
        const name = argument.name();
        return name === 'run' || name === 'other'
          ? 'run'
          : name === 'step' || name === 'shell'
            ? name
            : 'file';
      }),
    }));
}

function storeNamed(words: readonly string[]): string {
  return words[words.indexOf('--store') + 1 || words.length] ?? defaultStore;
}

function namesIn(place: string): Parameters<typeof candidatesFor>[2] {
  const store = openStore(place);
  return {
    runs: async () => (await store.runs()).map(({ runId }) => runId),
    steps: async (runId) => (await store.show(runId)).steps.map(({ stepId }) => stepId),
  };
}

function isWithin(event: object, stepId: string): boolean {
  const of = 'stepId' in event ? String(event.stepId) : '';
  return of === stepId || of.startsWith(`${stepId}/`) || of.startsWith(`${stepId}[`);
}

function counted(number: number, what: string): string {
  return `${String(number)} ${what}${number === 1 ? '' : 's'}`;
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function count(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least) return number;
    throw new InvalidArgumentError(`Expected a whole number of at least ${String(least)}.`);
  };
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError('Expected a port: a number from 0 to 65535.');
}

function speed(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("Expected a duration, as in '12h' or '30d'.");
}

function bytes(text: string): number {
  const amount = /^\d+$/.test(text) ? Number(text) : parseBytes(text);
  if (amount !== undefined) return amount;
  throw new InvalidArgumentError("Expected an amount of memory, as in '500MB' or '2GiB'.");
}

import { Option } from 'commander';
import { toDot } from '../report/to-dot.ts';
import { toMermaid } from '../report/to-mermaid.ts';
import {
  type CommandParts,
  type CommonOptions,
  jsonOption,
  storeOption,
  verboseOption,
} from './command-parts.ts';
import { closePools, findWorkflow } from './find-workflow.ts';
import { loadModule, moduleUrl } from './load-module.ts';
import { collected, count, port } from './option-values.ts';
import { type RunCommandOptions, runWorkflow } from './run-workflow.ts';
import { writeJson, writeLines } from './terminal.ts';

/** `run` and `graph`: what is done with a module. */
export function moduleCommands({ program, terminal, ended }: CommandParts): void {
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
}

const runExamples = `
Examples:
  millrace run flights.ts --input path=flights.parquet --limit heavy-cpu=2
  millrace run flights.ts --input path=flights.parquet --run-id nightly    the same again goes on where it stopped
  millrace run flights.ts --input path=flights.parquet --resume            goes on with the last one that stopped
  millrace run flights.ts --input path=flights.parquet --from delays       does a step again, and what depends on it`;

import { writeFile } from 'node:fs/promises';
import { htmlReport } from '../report/html-report.ts';
import type { CommandParts, CommonOptions } from './command-parts.ts';
import { UsageError } from './exit.ts';
import { speed } from './option-values.ts';
import { replayRun } from './replay-run.ts';
import { logOf } from './run-log.ts';
import { writeLines } from './terminal.ts';

/** `report` and `replay`: pictures of a run, from a store or an event log. */
export function pictureCommands({ terminal, looking, say }: CommandParts): void {
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
}

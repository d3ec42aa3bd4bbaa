import { Option } from 'commander';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { CommandParts, CommonOptions } from './command-parts.ts';
import { differenceText } from './compare-runs.ts';
import { explanationText } from './explain-step.ts';
import { followEvents } from './follow-events.ts';
import { onInterrupt } from './interrupts.ts';
import { logLine } from './run-log.ts';
import { runsText, runText } from './show-run.ts';
import { jsonText, writeLines } from './terminal.ts';

/** `runs`, `show`, `why`, `logs` and `diff`: what a store tells. */
export function lookCommands({ terminal, looking, withStore, say }: CommandParts): void {
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
    .option('-f, --follow', 'go on with what comes, until no process is at the run')
    .action((runId: string, options: LogOptions) =>
      withStore(options, async (store) => {
        const tell = (event: ProgressEvent): void => {
          if (options.step !== undefined && !isWithin(event, options.step)) return;
          const line = logLine(event);
          if (options.events === true || (options.json === true && line !== undefined))
            writeLines(terminal.out, jsonText(event));
          else if (line !== undefined) writeLines(terminal.out, line);
        };
        if (options.follow !== true) {
          for (const { events } of await store.goes(runId)) events.forEach(tell);
          return;
        }
        const stop = new AbortController();
        const interrupts = onInterrupt(() => {
          stop.abort();
        });
        try {
          for await (const event of followEvents(store, runId, stop.signal)) tell(event);
        } finally {
          interrupts.leave();
        }
      }),
    );

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
}

type LogOptions = CommonOptions & {
  readonly step?: string;
  readonly events?: boolean;
  readonly follow?: boolean;
};

function isWithin(event: object, stepId: string): boolean {
  const of = 'stepId' in event ? String(event.stepId) : '';
  return of === stepId || of.startsWith(`${stepId}/`) || of.startsWith(`${stepId}[`);
}

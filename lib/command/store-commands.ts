import type { CommandParts, CommonOptions } from './command-parts.ts';
import { UsageError } from './exit.ts';
import { onInterrupt } from './interrupts.ts';
import { bytes, count, duration, port } from './option-values.ts';
import { serveStore } from './serve-store.ts';
import { bytesText } from './table.ts';
import { writeLines } from './terminal.ts';

/** `cancel`, `gc` and `serve`: what is done with a store. */
export function storeCommands({ terminal, looking, withStore, say }: CommandParts): void {
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
        // Whoever has read the address may stop it.
        const interrupted = new Promise<void>((resolve) => {
          onInterrupt(() => {
            resolve();
          });
        });
        say(options, { url: served.url }, () => served.url);
        await interrupted;
        await served.close();
      }),
    );
}

function counted(number: number, what: string): string {
  return `${String(number)} ${what}${number === 1 ? '' : 's'}`;
}

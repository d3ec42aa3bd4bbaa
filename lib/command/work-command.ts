import type * as Queues from '../bullmq/index.ts';
import { type CommandParts, jsonOption, verboseOption } from './command-parts.ts';
import { UsageError } from './exit.ts';
import { onInterrupt } from './interrupts.ts';
import { moduleUrl } from './load-module.ts';
import { collected, count, duration } from './option-values.ts';

interface WorkOptions {
  readonly connection?: readonly string[];
  readonly queue: string;
  readonly slots?: number;
  readonly lease?: number;
  readonly blobs?: string;
  readonly tasksVersion?: string;
  readonly json?: boolean;
}

/** Where Redis is, unless the command line says so: there, everybody on the machine reads it. */
const connectionVariable = 'MILLRACE_CONNECTION';

/** `work`: does tasks of runs on other machines. */
export function workCommand({ program, say }: CommandParts): void {
  program
    .command('work')
    .summary('do tasks of runs on other machines')
    .description(
      'Does the tasks of a worker module for the runs that ask for them over a queue, until it is told to end: it then takes no more, and finishes what it does. A second Ctrl-C ends it at once.',
    )
    .argument('<module>', 'the built worker module, by path or file: URL')
    .option(
      '--connection <url>',
      `where Redis is; repeatable; ${connectionVariable} where there is a password in it`,
      collected,
    )
    .requiredOption('--queue <name>', 'what the queue is called')
    .option('--slots <n>', 'how many tasks at once, each in a thread; as many as the machine runs', count(1))
    .option('--lease <duration>', 'how long it may be silent before it is taken for lost', duration)
    .option('--blobs <folder>', 'where large values lie, if not in Redis: a folder that all share')
    .option('--tasks-version <version>', 'the version of the tasks, where runs ask for one')
    .addOption(jsonOption())
    .addOption(verboseOption())
    .addHelpText('after', examples)
    .action(async (module: string, options: WorkOptions) => {
      const server = await serve(module, options);
      onInterrupt(() => {
        void server.close({ pending: 'drain' });
      });
      const { id, slots, tasks, bullQueue } = server;
      say({ store: '', ...options }, { worker: id, queue: options.queue, slots, tasks, bullQueue }, () =>
        [
          `worker ${id} does ${String(slots)} at once of queue '${options.queue}': ${tasks.join(', ')}`,
          'Ctrl-C: it finishes what it does',
        ].join('\n'),
      );
      await server.closed;
    });
}

async function serve(module: string, options: WorkOptions): Promise<Queues.TaskServer> {
  const { queue, slots, lease, blobs, tasksVersion } = options;
  const connections =
    options.connection ?? process.env[connectionVariable]?.split(/\s+/).filter(Boolean) ?? [];
  if (connections.length === 0)
    throw new UsageError(`where is Redis? Give --connection redis://host:6379, or set ${connectionVariable}`);
  const url = moduleUrl(module);
  const { serveTasks, folderBlobs } = await loadQueues();
  const settings: Queues.ServeTasksOptions = {
    connection: connections.length === 1 ? (connections[0] as string) : connections,
    queue,
    slots,
    lease,
    blobs: blobs === undefined ? undefined : folderBlobs(blobs),
    version: tasksVersion,
    onSigterm: 'ignore',
  };
  return serveTasks(url, settings);
}

async function loadQueues(): Promise<typeof Queues> {
  try {
    return await import('../bullmq/index.ts');
  } catch (cause) {
    throw new UsageError('queues need BullMQ, which is not installed: npm install bullmq ioredis', { cause });
  }
}

const examples = `
Examples:
  millrace work dist/flights.worker.js --connection redis://queue.internal:6379 --queue flights --slots 8
  MILLRACE_CONNECTION=rediss://user:password@queue.internal:6380 millrace work dist/flights.worker.js --queue flights`;

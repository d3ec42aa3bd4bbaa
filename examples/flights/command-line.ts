import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataset } from './datasets.ts';

/** What the demo is asked to do. */
export interface CommandLine {
  readonly file: string;
  readonly out: string;
  /** Whether the runs are served as a live page, and where. */
  readonly dashboard: boolean;
  readonly port: number;
  /** The Redis by which worker processes get their work; `undefined` where threads of this one do it. */
  readonly remote: string | undefined;
  /** Whether the run is kept, and goes on where it stopped. */
  readonly resume: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm run demo -- [options]

  --file <path>  the flights file (parquet)  [the 3,000,000 flights of vega-datasets]
  --out <dir>    where the reports go        [out]
  --resume       run it once, kept in the folder of the reports: after Ctrl-C, or a crash, the
                 same command goes on where it stopped
  --remote <url> run it once, by two worker processes that get their work from the Redis there,
                 as those of other machines would: redis://localhost:6379
  --dashboard    serve the runs as a live page, until Ctrl-C
  --port <n>     where  [any that is free]
  --help         show this text
`;

/**
 * Reads the arguments.
 *
 * @throws TypeError in one line, for arguments that can't be read
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      file: { type: 'string', default: fileURLToPath(dataset('flights-3m.parquet')) },
      out: { type: 'string', default: 'out' },
      dashboard: { type: 'boolean', default: false },
      remote: { type: 'string' },
      resume: { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const message = `--port takes a number from 0 to 65535, not '${values.port}'`;
    throw Object.assign(new TypeError(message), { code: 'ERR_PARSE_ARGS_PORT' });
  }
  return { ...values, remote: values.remote, port };
}

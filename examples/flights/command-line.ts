import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataset } from './datasets.ts';

/** What the demo is asked to do. */
export interface CommandLine {
  readonly file: string;
  readonly out: string;
  readonly help: boolean;
}

export const usage = `Usage: npm run demo -- [options]

  --file <path>  the flights file (parquet)  [the 3,000,000 flights of vega-datasets]
  --out <dir>    where the reports go        [out]
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
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}

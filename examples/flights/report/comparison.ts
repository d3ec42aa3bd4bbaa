import { consoleTable } from './console-table.ts';

/** What two runs in a row took, in ms: the first still had its code to compile. */
interface WallTimes {
  readonly first: number;
  readonly again: number;
}

/** The times of the pipeline on every core and a step at a time, and the ratio, as a table. */
export function comparison(parallel: WallTimes, sequential: WallTimes): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  const ratio = (key: keyof WallTimes) => `${(sequential[key] / parallel[key]).toFixed(2)}×`;
  const rows = [
    { what: 'on every core', first: seconds(parallel.first), again: seconds(parallel.again) },
    { what: 'concurrency: 1', first: seconds(sequential.first), again: seconds(sequential.again) },
    { what: 'ratio', first: ratio('first'), again: ratio('again') },
  ];
  return consoleTable(rows, [
    { title: 'wall time', align: 'left', cell: ({ what }) => what },
    { title: 'first run', align: 'right', cell: ({ first }) => first },
    { title: 'again', align: 'right', cell: ({ again }) => again },
  ]);
}

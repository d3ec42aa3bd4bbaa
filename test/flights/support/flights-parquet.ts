import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach } from 'vitest';
import type { ColumnName } from '../../../examples/flights/parquet/row-group.ts';

/** A folder for a test's files, gone after it. */
export function temporaryFolder(): () => string {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flights-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  return () => folder;
}

/** Three flights; what a test is about replaces one of these columns, or a column becomes `undefined`. */
const plainColumns: Readonly<Record<ColumnName, Omit<ColumnSource, 'name'>>> = {
  date: {
    data: ['2001-01-01T05:10Z', '2001-01-01T23:59Z', '2001-01-02T00:00Z'].map((at) => new Date(at)),
    type: 'TIMESTAMP',
  },
  delay: { data: [3n, -7n, 250n], type: 'INT64' },
  origin: { data: ['ORD', 'ATL', 'ORD'], type: 'STRING' },
  destination: { data: ['ATL', 'ORD', 'JFK'], type: 'STRING' },
};

/** Writes a small flights file. */
export async function writeFlights(
  path: string,
  columns: Partial<Record<ColumnName, Partial<ColumnSource> | undefined>> = {},
  options: { readonly rowGroupSize?: number } = {},
): Promise<string> {
  const columnData = Object.entries(plainColumns).flatMap(([name, column]) => {
    const change = name in columns ? columns[name as ColumnName] : {};
    return change === undefined ? [] : [{ ...column, ...change, name }];
  });
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, ...options })));
  return path;
}

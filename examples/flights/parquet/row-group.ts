import type { readDataPage } from 'hyparquet/src/datapage.js';

/** The columns that the report needs; `distance` stays on disk. */
export const columnNames = ['date', 'delay', 'origin', 'destination'] as const;
export type ColumnName = (typeof columnNames)[number];

type ColumnDecoder = Parameters<typeof readDataPage>[2];

/** What it takes to decode a column, without the functions: those don't travel to a worker. */
export type ColumnLayout = Pick<ColumnDecoder, 'pathInSchema' | 'type' | 'element' | 'schemaPath' | 'codec'>;

/** One column of one row group: where its bytes lie in the file, and how to read them. */
export interface ColumnChunk {
  readonly offset: number;
  readonly byteLength: number;
  /** The size of its pages once decompressed, still encoded. */
  readonly uncompressedBytes: number;
  readonly layout: ColumnLayout;
  /** Whether the file vouches that every row has a value. */
  readonly isComplete: boolean;
}

/** One row group of a flights file. Plain data, so that it can be sent to a worker. */
export interface RowGroup {
  /** Its place in the file. */
  readonly index: number;
  readonly rows: number;
  readonly columns: Readonly<Record<ColumnName, ColumnChunk>>;
}

/** Four 32-bit columns of results, and at most two JavaScript arrays of 8-byte slots while a page is decoded. */
const bytesPerRow = 4 * 4 + 2 * 8;
/** A thread's own heap: the modules, the compiled code, garbage that hasn't been collected yet. */
const threadBytes = 64 * 1024 * 1024;

/** The memory, in bytes, that a thread needs to decode and aggregate a row group; an upper estimate. */
export function memoryToDecode({ rows, columns }: RowGroup): number {
  const pages = columnNames.reduce((total, name) => total + columns[name].uncompressedBytes, 0);
  return threadBytes + pages + rows * bytesPerRow;
}

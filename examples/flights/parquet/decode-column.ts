import { parquetHeader } from 'hyparquet/src/column.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { missing } from '../aggregate/flight-columns.ts';
import { type DataPage, decompress, readPage } from './read-page.ts';
import type { ColumnChunk } from './row-group.ts';

/** Maps a stored value (bytes for text, bigint for INT64) to a 32-bit integer. */
type ToInteger = (value: unknown) => number;

/**
 * Decodes one column chunk into 32-bit integers, {@link missing} where a row has no value.
 *
 * This is hyparquet's column reader taken one level lower, where pages are still dictionary indices. Its
 * public reader assembles an array of one JavaScript value a row (for a nullable column, through the general
 * code for nested lists); here `toInteger` sees each distinct value once and a row costs one table look-up,
 * which makes the whole decoding about three times as fast.
 *
 * @param toInteger - called once a dictionary entry, or once a row where there is no dictionary
 * @throws Error where the bytes aren't what the layout says, or hold more or fewer than `rows` rows
 */
export function decodeColumn(
  bytes: ArrayBuffer,
  chunk: Pick<ColumnChunk, 'layout' | 'isComplete'>,
  rows: number,
  toInteger: ToInteger,
): Int32Array<ArrayBuffer> {
  const reader = { view: new DataView(bytes), offset: 0 };
  const column = new Int32Array(rows);
  let dictionary: Int32Array | undefined;
  let row = 0;

  while (row < rows && reader.offset < bytes.byteLength) {
    const header = parquetHeader(reader);
    const page = new Uint8Array(bytes, reader.offset, header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    if (header.dictionary_page_header === undefined) {
      row = fill(column, row, readPage(page, header, chunk), dictionary, toInteger);
    } else {
      const { buffer, byteOffset, byteLength } = decompress(page, header, chunk.layout);
      const values = { view: new DataView(buffer, byteOffset, byteLength), offset: 0 };
      const { type, element } = chunk.layout;
      const entries = readPlain(values, type, header.dictionary_page_header.num_values, element.type_length);
      dictionary = Int32Array.from(entries as ArrayLike<unknown>, toInteger);
    }
  }
  if (row !== rows) throw new Error(`it holds ${String(row)} rows, not ${String(rows)}`);
  return column;
}

/** Writes a page's rows into the column from `row` on, and returns the row after the last. */
function fill(
  column: Int32Array,
  row: number,
  { values, levels, isIndexed }: DataPage,
  dictionary: Int32Array | undefined,
  toInteger: ToInteger,
): number {
  const end = row + (levels ?? values).length;
  if (end > column.length) throw new Error(`it holds more than ${String(column.length)} rows`);
  const integers =
    isIndexed && dictionary !== undefined
      ? lookUp(dictionary, values as ArrayLike<number>)
      : Int32Array.from(values, toInteger);
  if (levels === undefined) {
    column.set(integers, row);
  } else {
    let next = 0;
    for (const level of levels) column[row++] = level === 0 ? missing : (integers[next++] ?? missing);
  }
  return end;
}

function lookUp(dictionary: Int32Array, indices: ArrayLike<number>): Int32Array {
  const integers = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const integer = dictionary[indices[i] ?? -1];
    if (integer === undefined) throw new Error('it refers to a dictionary entry that does not exist');
    integers[i] = integer;
  }
  return integers;
}

import type { parquetHeader } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { compressors } from 'hyparquet-compressors';
import type { ColumnChunk, ColumnLayout } from './row-group.ts';

type PageHeader = ReturnType<typeof parquetHeader>;

/** A data page of a flat column. */
export interface DataPage {
  /** Its values, or indices into the column's dictionary; rows without a value have none. */
  readonly values: ArrayLike<unknown>;
  readonly isIndexed: boolean;
  /** For each row 1, or 0 where it has no value; `undefined` where every row has one. */
  readonly levels: (ArrayLike<number> & Iterable<number>) | undefined;
}

/** Reads a data page of either version from its bytes in the file. */
export function readPage(
  bytes: Uint8Array,
  header: PageHeader,
  { layout, isComplete }: Pick<ColumnChunk, 'layout' | 'isComplete'>,
): DataPage {
  const { data_page_header: first, data_page_header_v2: second } = header;
  const decoder = { ...layout, compressors, parsers: DEFAULT_PARSERS };
  if (second !== undefined) return dataPage(readDataPageV2(bytes, header, decoder), second.encoding);
  if (first === undefined) throw new Error(`it has a page of the type ${header.type}`);

  const page = decompress(bytes, header, layout);
  const hasUselessLevels =
    isComplete && layout.element.repetition_type === 'OPTIONAL' && first.definition_level_encoding === 'RLE';
  return hasUselessLevels
    ? dataPage(readDataPage(withoutLevels(page), first, asRequired(decoder)), first.encoding)
    : dataPage(readDataPage(page, first, decoder), first.encoding);
}

/** The content of a page of the first version, or of a dictionary. */
export function decompress(bytes: Uint8Array, header: PageHeader, { codec }: ColumnLayout): Uint8Array {
  return decompressPage(bytes, header.uncompressed_page_size, codec, compressors);
}

function dataPage(
  { dataPage: values, definitionLevels }: ReturnType<typeof readDataPage>,
  encoding: string,
): DataPage {
  const levels =
    definitionLevels === undefined || definitionLevels.length === 0 ? undefined : definitionLevels;
  return { values: values as ArrayLike<unknown>, levels, isIndexed: encoding.endsWith('_DICTIONARY') };
}

/** Where every row has a value, the levels in front of the values (their length, then as many bytes) say nothing. */
function withoutLevels(page: Uint8Array): Uint8Array {
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  return page.subarray(4 + length);
}

/** A column that can't have levels. Unpacking them into an array of ones took a fifth of the time. */
function asRequired<Decoder extends ColumnLayout>(decoder: Decoder): Decoder {
  const schemaPath = decoder.schemaPath.map((node) => ({
    ...node,
    element: { ...node.element, repetition_type: 'REQUIRED' as const },
  }));
  return { ...decoder, schemaPath };
}

import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { getSchemaPath, isFlatColumn } from 'hyparquet/src/schema.js';
import { FlightsFileError } from './flights-file-error.ts';
import {
  type ColumnChunk,
  type ColumnLayout,
  type ColumnName,
  columnNames,
  type RowGroup,
} from './row-group.ts';

/** What the footer of a flights file says; enough to plan the work without reading a single row. */
export interface FlightsFile {
  readonly path: string;
  readonly flights: number;
  readonly rowGroups: readonly RowGroup[];
}

/**
 * Reads the footer of a parquet file and checks that it has the columns of a flights file.
 *
 * @throws FlightsFileError where the file can't be read, isn't parquet, or lacks a column
 */
export async function openFlightsFile(path: string): Promise<FlightsFile> {
  const metadata = await readFooter(path);
  const rowGroups = metadata.row_groups.map((group, index) => {
    const chunks = columnNames.map((name) => [name, columnChunk(path, metadata, index, name)] as const);
    return {
      index,
      rows: Number(group.num_rows),
      columns: Object.fromEntries(chunks) as Record<ColumnName, ColumnChunk>,
    };
  });
  if (rowGroups.length === 0) throw new FlightsFileError(path, 'there are no flights in it');
  return { path, flights: Number(metadata.num_rows), rowGroups };
}

async function readFooter(path: string): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(await asyncBufferFromFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FlightsFileError(path, 'no such file', { cause: error });
    if (code === 'EISDIR') throw new FlightsFileError(path, 'it is a directory', { cause: error });
    if (code !== undefined) throw FlightsFileError.from(path, 'it can’t be read', error);
    throw FlightsFileError.from(path, 'not a parquet file, or cut short', error);
  }
}

function columnChunk(path: string, metadata: FileMetaData, group: number, name: ColumnName): ColumnChunk {
  const columns = metadata.row_groups[group]?.columns.flatMap((column) => column.meta_data ?? []) ?? [];
  const column = columns.find(({ path_in_schema }) => path_in_schema.join('.') === name);
  if (column === undefined) {
    const present = columns.map(({ path_in_schema }) => path_in_schema.join('.')).join(', ');
    throw new FlightsFileError(path, `there is no column '${name}' in it (there are: ${present})`);
  }
  const schemaPath = getSchemaPath(metadata.schema, column.path_in_schema);
  const element = schemaPath.at(-1)?.element;
  if (element === undefined || !isFlatColumn(schemaPath) || !fits[name]({ type: column.type, element })) {
    throw new FlightsFileError(path, `column '${name}' is not ${expected[name]}`);
  }
  return {
    offset: Number(column.dictionary_page_offset ?? column.data_page_offset),
    byteLength: Number(column.total_compressed_size),
    uncompressedBytes: Number(column.total_uncompressed_size),
    isComplete: Number(column.statistics?.null_count ?? -1) === 0,
    layout: {
      pathInSchema: column.path_in_schema,
      type: column.type,
      codec: column.codec,
      element,
      schemaPath,
    },
  };
}

type TypeOf = Pick<ColumnLayout, 'type' | 'element'>;

const isText = ({ type }: TypeOf): boolean => type === 'BYTE_ARRAY';
const isNumeric = ({ type }: TypeOf): boolean => ['INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(type);

const fits: Record<ColumnName, (column: TypeOf) => boolean> = {
  date: ({ type, element }) => type === 'INT64' && ticksPerHour(element) !== undefined,
  delay: isNumeric,
  origin: isText,
  destination: isText,
};

const expected: Record<ColumnName, string> = {
  date: 'a timestamp',
  delay: 'a number of minutes',
  origin: 'an airport code',
  destination: 'an airport code',
};

/** The units of a timestamp column in an hour; undefined where the column isn't a timestamp. */
export function ticksPerHour({ logical_type, converted_type }: ColumnLayout['element']): number | undefined {
  const hour = 3600;
  const unit = logical_type?.type === 'TIMESTAMP' ? logical_type.unit : converted_type;
  switch (unit) {
    case 'MILLIS':
    case 'TIMESTAMP_MILLIS':
      return hour * 1e3;
    case 'MICROS':
    case 'TIMESTAMP_MICROS':
      return hour * 1e6;
    case 'NANOS':
      return hour * 1e9;
    default:
      return undefined;
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { type FlightColumns, missing } from '../aggregate/flight-columns.ts';
import { decodeColumn } from './decode-column.ts';
import { ticksPerHour } from './flights-file.ts';
import { FlightsFileError } from './flights-file-error.ts';
import { type ColumnChunk, type ColumnName, columnNames, type RowGroup } from './row-group.ts';

/**
 * Reads and decodes one row group, column by column.
 *
 * @param onColumn - called before each column with how many are done, and once at the end; may throw to stop
 * @throws FlightsFileError where the bytes can't be read or decoded
 */
export async function readRowGroup(
  path: string,
  rowGroup: RowGroup,
  onColumn: (done: number, total: number) => void,
): Promise<FlightColumns> {
  const codes = new CodeTable();
  const dateLayout = rowGroup.columns.date.layout.element;
  const converters: Record<ColumnName, (value: unknown) => number> = {
    date: hourOfDay(ticksPerHour(dateLayout) ?? Number.NaN),
    delay: wholeMinutes,
    origin: codes.indexOf,
    destination: codes.indexOf,
  };
  const columns: Partial<Record<ColumnName, Int32Array<ArrayBuffer>>> = {};

  const file = await open(path).catch((error: unknown) => {
    throw FlightsFileError.from(path, 'it can’t be read', error);
  });
  try {
    for (const [done, name] of columnNames.entries()) {
      onColumn(done, columnNames.length);
      const chunk = rowGroup.columns[name];
      try {
        const bytes = await readBytes(file, chunk);
        columns[name] = decodeColumn(bytes, chunk, rowGroup.rows, converters[name]);
      } catch (error) {
        const where = `column '${name}' of row group ${String(rowGroup.index)}`;
        throw FlightsFileError.from(path, `${where} can’t be decoded`, error);
      }
    }
  } finally {
    await file.close();
  }
  onColumn(columnNames.length, columnNames.length);
  const { date, delay, origin, destination } = columns as Record<ColumnName, Int32Array<ArrayBuffer>>;
  return { codes: codes.values, hours: date, delays: delay, origins: origin, destinations: destination };
}

async function readBytes(file: FileHandle, { offset, byteLength }: ColumnChunk): Promise<ArrayBuffer> {
  const { size } = await file.stat();
  // Checked before the buffer is made: a corrupt footer may ask for any amount of memory.
  if (offset + byteLength > size) throw new Error('the file ends before it');
  const bytes = new ArrayBuffer(byteLength);
  const { bytesRead } = await file.read(new Uint8Array(bytes), 0, byteLength, offset);
  if (bytesRead !== byteLength) throw new Error('the file ends within it');
  return bytes;
}

/** Numbers codes in the order in which they are first seen. */
class CodeTable {
  readonly values: string[] = [];
  readonly #indices = new Map<string, number>();
  readonly #decoder = new TextDecoder();

  readonly indexOf = (bytes: unknown): number => {
    const code = this.#decoder.decode(bytes as Uint8Array);
    let index = this.#indices.get(code);
    if (index === undefined) {
      index = this.values.push(code) - 1;
      this.#indices.set(code, index);
    }
    return index;
  };
}

/**
 * The hour of day of a timestamp as it is stored: no time zone is applied. The data holds each airport's local
 * time without an offset, and local time is what "flights at 8 in the morning" means.
 */
function hourOfDay(ticks: number): (value: unknown) => number {
  return (value) => {
    const hour = Math.floor(Number(value) / ticks) % 24;
    return hour < 0 ? hour + 24 : hour;
  };
}

function wholeMinutes(value: unknown): number {
  const minutes = Math.round(Number(value));
  if (Number.isNaN(minutes)) return missing;
  if (Math.abs(minutes) > longestDelay) {
    throw new Error(`a delay of ${String(minutes)} minutes is not one`);
  }
  return minutes;
}

/** Three weeks, in minutes; delays beyond are faults of the data, and would make the histograms huge. */
const longestDelay = 3 * 7 * 24 * 60;

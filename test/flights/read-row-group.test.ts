import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missing } from '../../examples/flights/aggregate/flight-columns.ts';
import { openFlightsFile } from '../../examples/flights/parquet/flights-file.ts';
import { readRowGroup } from '../../examples/flights/parquet/read-row-group.ts';
import { memoryToDecode } from '../../examples/flights/parquet/row-group.ts';
import { temporaryFolder, writeFlights } from './support/flights-parquet.ts';

const folder = temporaryFolder();
const file = () => join(folder(), 'flights.parquet');

const ignore = () => undefined;

async function read(path: string, onColumn: (done: number, total: number) => void = ignore) {
  const { rowGroups } = await openFlightsFile(path);
  return await Promise.all(rowGroups.map((rowGroup) => readRowGroup(path, rowGroup, onColumn)));
}

describe('readRowGroup', () => {
  test('decodes hours, delays and codes', async () => {
    const [columns] = await read(await writeFlights(file()));
    expect(columns).toEqual({
      codes: ['ORD', 'ATL', 'JFK'],
      hours: Int32Array.of(5, 23, 0),
      delays: Int32Array.of(3, -7, 250),
      origins: Int32Array.of(0, 1, 0),
      destinations: Int32Array.of(1, 0, 2),
    });
  });

  test('reads each row group by itself', async () => {
    const groups = await read(await writeFlights(file(), {}, { rowGroupSize: 2 }));
    expect(groups.map(({ codes, hours }) => [codes, [...hours]])).toEqual([
      [
        ['ORD', 'ATL'],
        [5, 23],
      ],
      [['ORD', 'JFK'], [0]],
    ]);
  });

  test.each(['PLAIN', 'DELTA_BINARY_PACKED'] as const)(
    'reads numbers that are stored as %s',
    async (encoding) => {
      const [columns] = await read(await writeFlights(file(), { delay: { encoding } }));
      expect(columns?.delays).toEqual(Int32Array.of(3, -7, 250));
    },
  );

  test.each(['PLAIN', 'DELTA_LENGTH_BYTE_ARRAY'] as const)(
    'reads codes that are stored as %s',
    async (encoding) => {
      const [columns] = await read(await writeFlights(file(), { origin: { encoding } }));
      expect(columns?.origins).toEqual(Int32Array.of(0, 1, 0));
    },
  );

  test('marks nulls as missing in every column', async () => {
    const [columns] = await read(
      await writeFlights(file(), {
        date: { data: [null, new Date('2001-01-01T07:00Z'), null] },
        delay: { data: [3n, null, 250n] },
        origin: { data: ['ORD', 'ATL', null] },
        destination: { data: [null, null, 'ORD'] },
      }),
    );
    expect(columns).toEqual({
      codes: ['ORD', 'ATL'],
      hours: Int32Array.of(missing, 7, missing),
      delays: Int32Array.of(3, missing, 250),
      origins: Int32Array.of(0, 1, missing),
      destinations: Int32Array.of(missing, missing, 0),
    });
  });

  test('takes fractional delays to the nearest minute and NaN as missing', async () => {
    const [columns] = await read(
      await writeFlights(file(), { delay: { data: [2.6, Number.NaN, -1.2], type: 'DOUBLE' } }),
    );
    expect(columns?.delays).toEqual(Int32Array.of(3, missing, -1));
  });

  test('takes the hour of times before 1970 from midnight on too', async () => {
    const dates = ['1969-12-31T22:30Z', '1901-01-01T00:00Z', '1950-06-01T13:59Z'].map((at) => new Date(at));
    const [columns] = await read(await writeFlights(file(), { date: { data: dates } }));
    expect(columns?.hours).toEqual(Int32Array.of(22, 0, 13));
  });

  test('tells before each column how far it is, and stops where that throws', async () => {
    const path = await writeFlights(file());
    const seen: string[] = [];
    await read(path, (done, total) => seen.push(`${String(done)}/${String(total)}`));
    expect(seen).toEqual(['0/4', '1/4', '2/4', '3/4', '4/4']);
    const stop = new Error('enough');
    const reading = read(path, (done) => {
      if (done === 2) throw stop;
    });
    await expect(reading).rejects.toBe(stop);
  });

  test('names the column that can’t be decoded', async () => {
    const path = await writeFlights(file());
    const { rowGroups } = await openFlightsFile(path);
    const bytes = await readFile(path);
    const { offset, byteLength } = rowGroups[0]?.columns.origin ?? { offset: 0, byteLength: 0 };
    await writeFile(path, bytes.fill(0xff, offset, offset + byteLength));
    await expect(read(path)).rejects.toThrow(
      /flights\.parquet: column 'origin' of row group 0 can’t be decoded \(/,
    );
  });

  test('says so where the file has become shorter', async () => {
    const path = await writeFlights(file());
    const { rowGroups } = await openFlightsFile(path);
    await truncate(path, 10);
    const reading = readRowGroup(path, rowGroups[0] ?? expect.unreachable(), ignore);
    await expect(reading).rejects.toThrow('the file ends before it');
  });

  test('refuses a delay that is none', async () => {
    await expect(
      read(await writeFlights(file(), { delay: { data: [1n, 99_999_999n, 2n] } })),
    ).rejects.toThrow('a delay of 99999999 minutes is not one');
  });
});

describe('openFlightsFile', () => {
  test.each([
    {
      what: 'no column',
      columns: { delay: undefined },
      problem: "there is no column 'delay' in it (there are: date, origin, destination)",
    },
    {
      what: 'a date that is text',
      columns: { date: { data: ['a', 'b', 'c'], type: 'STRING' } },
      problem: "column 'date' is not a timestamp",
    },
    {
      what: 'a code that is a number',
      columns: { origin: { data: [1, 2, 3], type: 'INT32' } },
      problem: "column 'origin' is not an airport code",
    },
    {
      what: 'a delay that is text',
      columns: { delay: { data: ['1', '2', '3'], type: 'STRING' } },
      problem: "column 'delay' is not a number of minutes",
    },
  ] as const)('refuses a file with $what', async ({ columns, problem }) => {
    const path = await writeFlights(file(), columns as Parameters<typeof writeFlights>[1]);
    await expect(openFlightsFile(path)).rejects.toThrow(`${path}: ${problem}`);
  });

  test.each([
    { what: 'is missing', content: undefined, problem: 'no such file' },
    { what: 'is empty', content: '', problem: 'not a parquet file, or cut short' },
    {
      what: 'is something else',
      content: '{ "name": "flights" }',
      problem: 'not a parquet file, or cut short',
    },
    { what: 'has nothing but the marks', content: 'PAR1PAR1', problem: 'not a parquet file, or cut short' },
  ])('says in one line that a file $what', async ({ content, problem }) => {
    if (content !== undefined) await writeFile(file(), content);
    const error = await openFlightsFile(file()).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'FlightsFileError', code: 'FLIGHTS_FILE', path: file() });
    expect(String(error)).toContain(`${file()}: ${problem}`);
    expect(String(error)).not.toContain('\n');
  });

  test('says that a folder is none', async () => {
    await expect(openFlightsFile(folder())).rejects.toThrow(/it is a directory|can’t be read/);
  });
});

test('memoryToDecode grows with the rows', async () => {
  const path = await writeFlights(file());
  const { rowGroups } = await openFlightsFile(path);
  const [small] = rowGroups;
  if (small === undefined) expect.unreachable();
  const large = { ...small, rows: small.rows + 1_000_000 };
  expect(memoryToDecode(large) - memoryToDecode(small)).toBeGreaterThan(16_000_000);
});

import { StepFailedError } from 'millrace';
import { describe, expect, test } from 'vitest';
import { FlightsFileError } from '../../examples/flights/parquet/flights-file-error.ts';
import { consoleTable } from '../../examples/flights/report/console-table.ts';
import { errorLine } from '../../examples/flights/terminal/error-line.ts';

describe('errorLine', () => {
  const failed = (cause: unknown) => new StepFailedError('report', 1, ['merge', 'report'], cause);
  const noSpace = Object.assign(new Error('ENOSPC: no space left\n on device'), {
    errno: -28,
    syscall: 'write',
  });

  test.each([
    {
      what: 'a bad file',
      error: new FlightsFileError('a.parquet', 'no such file'),
      line: 'a.parquet: no such file',
    },
    {
      what: 'a bad file in a step',
      error: failed(new FlightsFileError('a.parquet', 'cut')),
      line: 'a.parquet: cut',
    },
    {
      what: 'a bad file in a thread',
      error: failed(Object.assign(new Error('a: cut'), { code: 'FLIGHTS_FILE' })),
      line: 'a: cut',
    },
    { what: 'the system', error: noSpace, line: 'ENOSPC: no space left on device' },
    {
      what: 'the system in a step',
      error: failed(noSpace),
      line: "step 'report' failed: ENOSPC: no space left on device",
    },
    { what: 'a fault of the program', error: new TypeError('x is not a function'), line: undefined },
    { what: 'a fault of the program in a step', error: failed(new TypeError('x')), line: undefined },
    { what: 'something that is no error', error: 'x', line: undefined },
  ])('puts $what in a line, or leaves it its stack', ({ error, line }) => {
    expect(errorLine(error)).toBe(line);
  });
});

test('consoleTable aligns text to the left, numbers to the right, and cuts what is too long', () => {
  const rows = [
    { name: 'Chicago', flights: 5 },
    { name: 'St. Louis Lambert', flights: 1234 },
  ];
  const table = consoleTable(rows, [
    { title: 'name', align: 'left', cell: ({ name }) => name, maxWidth: 10 },
    { title: 'flights', align: 'right', cell: ({ flights }) => String(flights) },
  ]);
  expect(table.split('\n')).toEqual([
    'name        flights',
    '──────────  ───────',
    'Chicago           5',
    'St. Louis…     1234',
  ]);
});

import { describe, expect, test } from 'vitest';
import { airportNames } from '../../examples/flights/report/airport-names.ts';
import { parseCsv } from '../../examples/flights/report/parse-csv.ts';

describe('parseCsv', () => {
  test.each([
    { what: 'LF', text: 'a,b\n1,2\n3,4\n' },
    { what: 'CRLF', text: 'a,b\r\n1,2\r\n3,4\r\n' },
    { what: 'no line break at the end', text: 'a,b\n1,2\n3,4' },
    { what: 'quotes that were not needed', text: '"a",b\n"1",2\n3,"4"' },
  ])('reads records with $what', ({ text }) => {
    expect(parseCsv(text)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  test('reads commas, quotes and line breaks within quotes', () => {
    expect(parseCsv('a,b\n"1,5","say ""hi"""\n"two\nlines",')).toEqual([
      { a: '1,5', b: 'say "hi"' },
      { a: 'two\nlines', b: '' },
    ]);
  });

  test('fills what a short record lacks', () => {
    expect(parseCsv('a,b,c\n1,2\n')).toEqual([{ a: '1', b: '2', c: '' }]);
  });

  test.each(['', 'a,b', 'a,b\n'])('finds no records in %j', (text) => {
    expect(parseCsv(text)).toEqual([]);
  });

  test('says in which row a quote is out of place', () => {
    expect(() => parseCsv('a,b\n1,2\n3"x,4')).toThrow('row 3');
  });
});

describe('airportNames', () => {
  test('maps codes to names', () => {
    const names = airportNames('iata,name,city\nORD,"Chicago, O\'Hare ",Chicago\n');
    expect([...names]).toEqual([['ORD', "Chicago, O'Hare"]]);
  });
});

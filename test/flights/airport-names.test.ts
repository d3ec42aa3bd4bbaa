import { expect, test } from 'vitest';
import { airportNames } from '../../examples/flights/report/airport-names.ts';

test.each([
  { what: 'LF', end: '\n' },
  { what: 'CRLF', end: '\r\n' },
])('names of airports come by their codes, quoted or not, with $what', ({ end }) => {
  const lines = [
    'iata,name,city',
    'ORD,"Chicago, O\'Hare ",Chicago',
    'JFK,"John ""F."" Kennedy",New York',
    'XXX',
  ];
  expect([...airportNames(lines.join(end))]).toEqual([
    ['ORD', "Chicago, O'Hare"],
    ['JFK', 'John "F." Kennedy'],
    ['XXX', ''],
  ]);
});

test.each(['', 'iata,name', 'iata,name\n'])('there are none in %j', (csv) => {
  expect(airportNames(csv).size).toBe(0);
});

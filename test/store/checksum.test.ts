import { expect, test } from 'vitest';
import { checksum, checksumByTable } from '../../lib/store/checksum.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['', 0],
  ['a', 0xe8_b7_be_43],
  ['123456789', 0xcb_f4_39_26],
  ['The quick brown fox jumps over the lazy dog', 0x41_4f_a3_39],
])('the checksum of %j is that of zip and gzip', (text, expected) => {
  expect(checksum(bytesOf(text))).toBe(expected);
  expect(checksumByTable(bytesOf(text))).toBe(expected);
});

test('the checksum of a part of a buffer is of that part alone', () => {
  const bytes = bytesOf('x123456789x').subarray(1, -1);
  expect([checksum(bytes), checksumByTable(bytes)]).toStrictEqual([0xcb_f4_39_26, 0xcb_f4_39_26]);
});

test('both ways come to the same for all bytes', () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256);
  for (let length = 0; length < bytes.length; length += 97)
    expect(checksumByTable(bytes.subarray(0, length))).toBe(checksum(bytes.subarray(0, length)));
});

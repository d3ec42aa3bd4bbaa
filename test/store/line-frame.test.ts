import { describe, expect, test } from 'vitest';
import {
  type Frames,
  frameHeader,
  frameLines,
  readFrames as readLazily,
} from '../../lib/store/line-frame.ts';

const header = 'the header';
const appends: readonly (readonly string[])[] = [
  ['one'],
  ['two', 'drei €', ''],
  ['{"four":4}', 'x'.repeat(300)],
];
const lines = appends.flat();
const whole = Buffer.concat([frameHeader(header), ...appends.map(frameLines)]);

function isSubsequence(found: readonly string[]): boolean {
  let next = 0;
  for (const line of lines) if (found[next] === line) next++;
  return next === found.length;
}

function readFrames(
  bytes: Uint8Array,
  isSettled: boolean,
): Omit<Frames, 'lines' | 'hasLines'> & { readonly lines: readonly string[] } {
  const { lines: found, hasLines, ...rest } = readLazily(bytes, isSettled);
  const all = [...found];
  expect(hasLines).toBe(all.length > 0);
  return { ...rest, lines: all };
}

function flipped(place: number, bits: number): ReturnType<typeof readFrames> {
  const bytes = Buffer.from(whole);
  bytes[place] = (bytes[place] as number) ^ bits;
  return readFrames(bytes, true);
}

test('what was framed is read again', () => {
  expect(readFrames(whole, false)).toStrictEqual({ header, lines, faults: [], soundLength: whole.length });
});

test('a line is a line of the file', () => {
  expect(Buffer.from(frameLines(['{"a":1}', 'b'])).toString()).toBe('ede16661 >7 {"a":1}\n45e65c52 +1 b\n');
});

test('lines may have been given the ends of Windows', () => {
  const bytes = Buffer.from(whole.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
  expect(readFrames(bytes, true)).toStrictEqual({ header, lines, faults: [], soundLength: bytes.length });
  // One that was cut between the two is whole.
  expect(readFrames(bytes.subarray(0, -1), false)).toMatchObject({ lines, faults: [] });
});

test('nothing at all says nothing', () => {
  const nothing = { header: undefined, lines: [], faults: [], soundLength: 0 };
  expect(readFrames(new Uint8Array(0), false)).toStrictEqual(nothing);
});

describe('a byte that flips', () => {
  // Each alone, all, and those that make a line feed of a letter or a letter of a line feed.
  const changes = [1, 2, 4, 8, 16, 32, 64, 128, 255, 0x0a ^ 0x78, 0x0a ^ 0x20];

  test.each(changes)('by %i costs its line alone, wherever it is', (bits) => {
    for (let place = 0; place < whole.length; place++) {
      const { header: found, lines: left, faults } = flipped(place, bits);
      const lost = (found === undefined ? 1 : 0) + lines.length - left.length;
      expect(isSubsequence(left)).toBe(true);
      expect([place, lost]).toStrictEqual([place, faults.length === 0 ? 0 : 1]);
      // The one that is lost is the one that is told of.
      const line = whole.subarray(0, place).toString('latin1').split('\n').length;
      if (lost > 0) expect([place, faults[0]?.line]).toStrictEqual([place, line]);
    }
  });

  test('to make a line feed of a letter is told of as one line, or the rest of it as another', () => {
    const place = whole.indexOf('four');
    const { faults, lines: left } = flipped(place, 'f'.charCodeAt(0) ^ 0x0a);
    expect(left).toStrictEqual(lines.filter((line) => !line.includes('four')));
    expect(faults.map(({ line }) => line)).toStrictEqual([6, 7]);
  });

  test('to make nothing of a line feed costs nothing', () => {
    const place = whole.indexOf('\n');
    expect(flipped(place, 0xff)).toMatchObject({ header, lines, faults: [] });
  });
});

describe('a segment that ends too early', () => {
  test('has all lines that are whole, and the cut one is told of', () => {
    for (let length = 0; length < whole.length; length++) {
      const bytes = whole.subarray(0, length);
      const { header: found, lines: left, faults, soundLength } = readFrames(bytes, false);
      expect(lines.slice(0, left.length)).toStrictEqual(left);
      const ends = [frameHeader(header), ...appends.map(frameLines)]
        .map((part) => Buffer.from(part).toString())
        .join('')
        .split('\n')
        .slice(0, -1)
        .map((line) => Buffer.byteLength(line));
      let [end, sound] = [0, 0];
      for (const size of ends) {
        end += size;
        // All but its line feed is there.
        if (end <= length) sound++;
        end++;
      }
      expect((found === undefined ? 0 : 1) + left.length).toBe(sound);
      expect(faults).toStrictEqual(soundLength === length ? [] : [{ line: sound + 1, kind: 'cut' }]);
    }
  });
});

describe('what was never written, in the last append,', () => {
  const start = whole.length - frameLines(appends[2] as string[]).length;
  const zeroed = (from: number, to: number): Buffer => Buffer.from(whole).fill(0, from, to);

  test('takes what follows with it, as lines are there from the first on', () => {
    const bytes = zeroed(start, start + 5);
    expect(readFrames(bytes, false)).toMatchObject({
      lines: lines.slice(0, 4),
      faults: [{ line: 6, kind: 'damaged' }],
      soundLength: start,
    });
  });

  test('takes nothing with it where it is known to have been there once', () => {
    const bytes = zeroed(start, start + 5);
    expect(readFrames(bytes, true).lines).toStrictEqual(lines.filter((line) => !line.includes('four')));
  });

  test('takes nothing with it where another append follows', () => {
    const first = frameHeader(header).length;
    const bytes = zeroed(first, first + 5);
    expect(readFrames(bytes, false).lines).toStrictEqual(lines.slice(1));
  });

  test('takes nothing with it where another append was begun', () => {
    const first = frameHeader(header).length;
    const bytes = zeroed(first, first + 5).subarray(0, start + 20);
    expect(readFrames(bytes, false)).toMatchObject({
      lines: lines.slice(1, 4),
      faults: [
        { line: 2, kind: 'damaged' },
        { line: 6, kind: 'cut' },
      ],
    });
  });
});

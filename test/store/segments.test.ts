import { describe, expect, test } from 'vitest';
import { frameHeader, frameLines } from '../../lib/store/line-frame.ts';
import { readSegments as readLazily, type Segment, segmentHeader } from '../../lib/store/segments.ts';

function readSegments(segments: readonly Segment[]) {
  const { lines, ...rest } = readLazily(segments);
  return { ...rest, lines: [...lines] };
}

/** A segment that says how far earlier ones count. */
function segment(
  epoch: number,
  counts: readonly (readonly [epoch: number, length: number])[],
  ...appends: readonly (readonly string[])[]
): Segment {
  const bytes = Buffer.concat([segmentHeader(epoch, new Map(counts)), ...appends.map(frameLines)]);
  return { epoch, file: `journal.${String(epoch)}.log`, bytes };
}

const one = segment(1, [], ['one'], ['two']);
const all = one.bytes.length;
const upToOne = segment(1, [], ['one']).bytes.length;

test('segments are read in the order of their owners', () => {
  const ten = segment(10, [[1, all]], ['four']);
  const two = segment(2, [[1, all]], ['three']);
  expect(readSegments([ten, one, two]).lines).toStrictEqual(['one', 'two', 'four']);
  const third = segment(10, [
    [1, all],
    [2, two.bytes.length],
  ]);
  expect(readSegments([third, one, two])).toStrictEqual({
    lines: ['one', 'two', 'three'],
    problems: [],
    format: 1,
    counts: new Map([
      [1, all],
      [2, two.bytes.length],
    ]),
    uncounted: [],
    empty: [10],
  });
});

describe('what a displaced owner writes', () => {
  test('into its segment after it was displaced is nobody’s', () => {
    const { lines, problems, counts } = readSegments([one, segment(2, [[1, upToOne]], ['three'])]);
    expect([lines, problems]).toStrictEqual([['one', 'three'], []]);
    expect(counts.get(1)).toBe(upToOne);
  });

  test('into a segment that comes up late is nobody’s', () => {
    const late = segment(2, [[1, upToOne]], ['late']);
    const { lines, empty } = readSegments([one, late, segment(3, [[1, all]], ['three'])]);
    expect([lines, empty]).toStrictEqual([['one', 'two', 'three'], [2]]);
  });

  test('is nobody’s either where it is cut', () => {
    const cut = { ...one, bytes: one.bytes.subarray(0, -3) };
    const { lines, problems } = readSegments([cut, segment(2, [[1, upToOne]])]);
    expect([lines, problems]).toStrictEqual([['one'], []]);
  });
});

describe('an owner that died', () => {
  test('before it had said anything leaves nothing, and nothing wrong', () => {
    const header = segmentHeader(2, new Map([[1, upToOne]]));
    for (let length = 0; length < header.length - 1; length++) {
      const begun = { epoch: 2, file: 'journal.2.log', bytes: header.subarray(0, length) };
      const { lines, problems, empty } = readSegments([one, begun]);
      expect([lines, problems, empty]).toStrictEqual([['one', 'two'], [], [2]]);
    }
  });

  test('amid an append leaves what is whole, and word of what isn’t', () => {
    const cut = { ...one, bytes: one.bytes.subarray(0, -3) };
    const { lines, problems, counts } = readSegments([cut]);
    expect(lines).toStrictEqual(['one']);
    expect(problems).toStrictEqual(['the last line of journal.1.log, line 3, is cut, and has been left out']);
    expect(counts.get(1)).toBe(upToOne);
  });
});

describe('damage', () => {
  const damaged = (whole: Segment, text: string): Segment => {
    const bytes = Buffer.from(whole.bytes);
    bytes.write('?', bytes.indexOf(text));
    return { ...whole, bytes };
  };

  test('to a line is told of by file and line', () => {
    const { lines, problems } = readSegments([damaged(one, 'one'), segment(2, [[1, all]], ['three'])]);
    expect(lines).toStrictEqual(['two', 'three']);
    expect(problems).toStrictEqual(['line 2 of journal.1.log is damaged, and has been left out']);
  });

  test('to a header costs what it says of others, and none of its own lines', () => {
    const two = damaged(segment(2, [[1, upToOne]], ['three']), 'epoch');
    const { lines, problems } = readSegments([one, two]);
    expect(lines).toStrictEqual(['one', 'two', 'three']);
    expect(problems).toStrictEqual(['line 1 of journal.2.log is damaged, and has been left out']);
    const three = segment(3, [[1, upToOne]]);
    expect(readSegments([one, two, three]).lines).toStrictEqual(['one']);
  });

  test('that leaves a sound line which is no header of ours costs what it says of others', () => {
    const odd = { epoch: 2, file: 'journal.2.log', bytes: frameHeader('no JSON') };
    expect(readSegments([one, odd]).lines).toStrictEqual(['one', 'two']);
  });
});

test('the latest format of all is known', () => {
  const later = { epoch: 2, file: 'journal.2.log', bytes: frameHeader('{"format":3}') };
  expect(readSegments([one, later, segment(3, [])]).format).toBe(3);
});

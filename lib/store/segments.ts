/**
 * The journal of a run: a segment for each of its owners, read as one.
 *
 * 1. A segment begins with a header that says how far each earlier segment counts, in bytes; those it doesn't name don't count. So what
 *    a displaced owner writes late into its own segment, or into one that comes up late, is nobody's.
 * 2. The latest sound header that is above a segment decides. Where there is none, all of the segment counts.
 * 3. Nothing is there that wasn't appended, and in the order of the owners.
 */
import { frameHeader, readFrames } from './line-frame.ts';

/** The version of the format that this version writes, and the latest that it reads. */
export const runFormat = 1;

/** What one owner has written. */
export interface Segment {
  readonly epoch: number;
  /** What messages call it. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What the segments of a run say together. */
export interface Journal {
  /** Each made a text when it is come to. */
  readonly lines: Iterable<string>;
  readonly problems: readonly string[];
  /** The latest format that a segment has. */
  readonly format: number;
  /** How far each segment that has something to say counts, in bytes. */
  readonly counts: ReadonlyMap<number, number>;
  /** The epochs of segments that no header counts yet: what was written last may not be sure to stay. */
  readonly uncounted: readonly number[];
  /** The epochs of segments that say nothing, and never will. */
  readonly empty: readonly number[];
}

interface Header {
  readonly format: number;
  readonly counts: ReadonlyMap<number, number>;
}

/** Reads segments, in any order. Never throws. */
export function readSegments(segments: readonly Segment[]): Journal {
  const ordered = segments.toSorted((left, right) => left.epoch - right.epoch);
  const headers = ordered.map(({ bytes }) => headerOf(bytes));
  const parts: Iterable<string>[] = [];
  const problems: string[] = [];
  const counts = new Map<number, number>();
  const uncounted: number[] = [];
  const empty: number[] = [];
  for (const [index, { epoch, file, bytes }] of ordered.entries()) {
    const above = headers.findLast((header, other) => other > index && header !== undefined);
    const counted = above === undefined ? bytes.length : (above.counts.get(epoch) ?? 0);
    const frames = readFrames(bytes.subarray(0, counted), above !== undefined);
    if (frames.hasLines) {
      parts.push(frames.lines);
      counts.set(epoch, frames.soundLength);
      if (above === undefined) uncounted.push(epoch);
    }
    // An owner that ended before it had said anything has lost nothing.
    else if (frames.faults.every(({ line }) => line === 1)) {
      empty.push(epoch);
      continue;
    }
    for (const { line, kind } of frames.faults)
      problems.push(
        kind === 'cut'
          ? `the last line of ${file}, line ${String(line)}, is cut, and has been left out`
          : `line ${String(line)} of ${file} is damaged, and has been left out`,
      );
  }
  return {
    lines: oneAfterTheOther(parts),
    problems,
    format: headers.reduce((latest, header) => Math.max(latest, header?.format ?? 0), 0),
    counts,
    uncounted,
    empty,
  };
}

function oneAfterTheOther(parts: readonly Iterable<string>[]): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (const part of parts) yield* part;
    },
  };
}

/** What a new segment begins with. */
export function segmentHeader(epoch: number, counts: ReadonlyMap<number, number>): Uint8Array {
  return frameHeader(JSON.stringify({ format: runFormat, epoch, counts: [...counts] }));
}

function headerOf(bytes: Uint8Array): Header | undefined {
  // Only the first line is looked at.
  const end = bytes.indexOf(0x0a);
  const { header } = readFrames(end === -1 ? bytes : bytes.subarray(0, end + 1), true);
  if (header === undefined) return undefined;
  try {
    const { format, counts } = JSON.parse(header) as { format: number; counts?: [number, number][] };
    return { format, counts: new Map(counts) };
  } catch {
    return undefined;
  }
}

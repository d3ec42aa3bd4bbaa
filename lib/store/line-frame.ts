/**
 * How lines lie in a segment of a journal, so that what is damaged is known.
 *
 * ```
 * 5f3a09c1 >1b {"type":"step-completed",…}\n
 * checksum ││  text
 *          │└ bytes of the text, in hexadecimal
 *          └ # header of the segment, > first line of an append, + further line of it
 * ```
 *
 * 1. The checksum is of all that follows it but the line feed. The length finds the next line even where the line feed is damaged.
 * 2. A damaged line costs itself alone: reading goes on after the next line feed.
 * 3. But in the last append, where it may not have settled, what follows a line of which parts were never written doesn't count either: of
 *    an append that was under way, lines are there from the first on.
 */
import { checksum } from './checksum.ts';

/** What a segment says. */
export interface Frames {
  /** The text of its header; `undefined` where that isn't sound. */
  readonly header: string | undefined;
  /** Its sound lines, each made a text when it is come to. */
  readonly lines: Iterable<string>;
  readonly hasLines: boolean;
  /** What isn't sound. */
  readonly faults: readonly FrameFault[];
  /** How far it counts, in bytes: the end of its last sound line, or of its header. */
  readonly soundLength: number;
}

/** A line that isn't sound. */
interface FrameFault {
  /** Which line of the file, from 1. */
  readonly line: number;
  /** `cut` where its end was never written, and nothing follows. */
  readonly kind: 'cut' | 'damaged';
}

type Mark = '#' | '>' | '+';

const lineFeed = 0x0a;
/** Stands before the line feed where a tool of Windows has been at the file. */
const carriageReturn = 0x0d;
const shortestFrame = '00000000 #0 '.length;
const longestHead = '00000000 #00000000 '.length;
const headPattern = /^([\da-f]{8}) ([#>+])([\da-f]{1,8}) /;

/** The header of a segment, as bytes. */
export function frameHeader(text: string): Uint8Array {
  return frame('#', text);
}

/** The lines of one append, as bytes. */
export function frameLines(lines: readonly string[]): Uint8Array {
  return Buffer.concat(lines.map((line, index) => frame(index === 0 ? '>' : '+', line)));
}

function frame(mark: Mark, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = `${mark}${length.toString(16)} `;
  const bytes = Buffer.allocUnsafe(9 + head.length + length + 1);
  bytes.write(head, 9, 'latin1');
  bytes.write(text, 9 + head.length);
  bytes[bytes.length - 1] = lineFeed;
  const sum = checksum(bytes.subarray(9, -1)).toString(16).padStart(8, '0');
  bytes.write(`${sum} `, 0, 'latin1');
  return bytes;
}

interface Frame {
  readonly line: number;
  readonly end: number;
  /** Where it isn't sound, what it seems to be, if that can be read. */
  readonly mark?: Mark | undefined;
  /** Where its text begins; absent where it isn't sound. */
  readonly textStart?: number;
  readonly textEnd?: number;
  readonly fault?: FrameFault['kind'];
  /** Whether parts of it were never written. */
  readonly isUnwritten?: boolean;
}

/**
 * Reads the bytes of a segment. Never throws.
 *
 * @param isSettled - whether all of them are known to have been there once
 */
export function readFrames(bytes: Uint8Array, isSettled: boolean): Frames {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = isSettled ? allFrames(buffer) : withoutUnwritten(allFrames(buffer));
  const [first] = frames;
  return {
    header: first?.mark === '#' ? textIn(buffer, first) : undefined,
    lines: {
      *[Symbol.iterator]() {
        for (const frame of frames) if (isLine(frame)) yield textIn(buffer, frame) as string;
      },
    },
    hasLines: frames.some(isLine),
    faults: frames.flatMap(({ line, fault }) => (fault === undefined ? [] : [{ line, kind: fault }])),
    soundLength: frames.findLast(({ fault }) => fault === undefined)?.end ?? 0,
  };
}

function isLine({ mark, textStart }: Frame): boolean {
  return mark !== '#' && textStart !== undefined;
}

function textIn(buffer: Buffer, { textStart, textEnd }: Frame): string | undefined {
  return textStart === undefined ? undefined : buffer.toString('utf8', textStart, textEnd);
}

function allFrames(buffer: Buffer): Frame[] {
  const frames: Frame[] = [];
  let line = 1;
  for (let start = 0; start < buffer.length; line++) {
    const frame = frameAt(buffer, start, line);
    frames.push(frame);
    start = frame.end;
  }
  return frames;
}

function frameAt(buffer: Buffer, start: number, line: number): Frame {
  const head =
    buffer.length - start < shortestFrame
      ? null
      : headPattern.exec(buffer.toString('latin1', start, Math.min(start + longestHead, buffer.length)));
  if (head !== null) {
    const [{ length }, sum = '', mark, size = ''] = head;
    const textStart = start + length;
    const end = textStart + Number.parseInt(size, 16);
    if (end <= buffer.length && checksum(buffer.subarray(start + 9, end)) === Number.parseInt(sum, 16))
      return {
        line,
        end: Math.min(
          end + (buffer[end] === carriageReturn && buffer[end + 1] === lineFeed ? 2 : 1),
          buffer.length,
        ),
        mark: mark as Mark,
        textStart,
        textEnd: end,
      };
  }
  const feed = buffer.indexOf(lineFeed, start);
  const end = feed === -1 ? buffer.length : feed + 1;
  return {
    line,
    end,
    mark: head?.[2] as Mark | undefined,
    fault: feed === -1 ? 'cut' : 'damaged',
    isUnwritten: buffer.subarray(start, end).includes(0),
  };
}

/** Leaves out what follows an unwritten line of the last append. */
function withoutUnwritten(frames: readonly Frame[]): readonly Frame[] {
  const lastAppend = frames.findLastIndex(({ mark }) => mark === '>');
  const unwritten = frames.findIndex((frame, index) => index >= lastAppend && frame.isUnwritten === true);
  return unwritten === -1 ? frames : frames.slice(0, unwritten + 1);
}

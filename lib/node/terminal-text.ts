import { stripVTControlCharacters, styleText } from 'node:util';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What would move the cursor, change colours, or turn the direction of what follows around. */
const unprintable = /[\p{Control}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
const ascii = /^[\x20-\x7E]*$/;

/** Text that users wrote, as one line that can do a terminal no harm. */
export function cleanText(text: string): string {
  // What isn't shown needn't be looked at.
  const start = text.length > 1_000 ? text.slice(0, 1_000) : text;
  return ascii.test(start) ? start : stripVTControlCharacters(start).replaceAll(unprintable, ' ').trim();
}

/** How many columns a text takes, as terminals draw it. Colours take none. */
export function widthOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** The text, cut with a `…` where it takes more than so many columns: between words, unless that would cost too much of it. */
export function cutText(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  const kept = startOf(text, columns - 1);
  if (text[kept.length] === ' ') return `${kept.trimEnd()}…`;
  const words = kept.slice(0, kept.lastIndexOf(' ') + 1).trimEnd();
  return widthOf(words) * 2 >= columns ? `${words} …` : `${kept}…`;
}

/** A name, cut in the middle where it takes more than so many columns: names that begin alike differ at their ends. */
export function cutName(name: string, columns: number): string {
  if (widthOf(name) <= columns) return name;
  if (columns <= 4) return columns <= 0 ? '' : `${startOf(name, columns - 1)}…`;
  const start = startOf(name, Math.ceil((columns - 1) / 2));
  return `${start}…${endOf(name, columns - 1 - widthOf(start))}`;
}

/** As much of the start of a text as so many columns take. */
function startOf(text: string, columns: number): string {
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}

function endOf(text: string, columns: number): string {
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  let width = 0;
  let from = segments.length;
  while (from > 0) {
    width += widthOf(segments[from - 1] as string);
    if (width > columns) break;
    from--;
  }
  return segments.slice(from).join('');
}

/**
 * The text in lines of so many columns at most, broken between words; lines after the first begin with `indent`. A word that takes more
 * than a line is broken where it must be.
 */
export function wrapText(text: string, columns: number, indent = ''): string[] {
  if (widthOf(text) <= columns) return [text];
  const lines: string[] = [];
  const most = Math.max(1, columns - widthOf(indent));
  const [lead = ''] = /^ */.exec(text) ?? [];
  let line = lead;
  let isEmpty = true;
  for (let word of text.slice(lead.length).split(' ')) {
    const room = lines.length === 0 ? columns : most;
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = '';
      isEmpty = true;
    }
    while (widthOf(line) + widthOf(word) > (lines.length === 0 ? columns : most)) {
      const start = startOf(word, (lines.length === 0 ? columns : most) - widthOf(line)) || word.slice(0, 1);
      lines.push(line + start);
      line = '';
      word = word.slice(start.length);
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines.map((each, place) => (place === 0 ? each : indent + each));
}

/** The text with spaces after it, up to so many columns. */
export function padText(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** What text is painted in. */
export type Style = 'cyan' | 'dim' | 'green' | 'red' | 'yellow' | 'bold';

/** Paints a text. */
export type Paint = (style: Style, text: string) => string;

/** Paints where there is colour. The caller knows the stream; by itself, `styleText` would ask stdout. */
export function painter(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}

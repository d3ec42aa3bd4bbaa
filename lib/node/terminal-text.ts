import { stripVTControlCharacters, styleText } from 'node:util';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Characters that take two columns: East Asian scripts, their punctuation and full-width forms, and emoji. */
const wide =
  /^(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\p{Regional_Indicator}\u2E80-\u303E\u3100-\u33FF\uA490-\uA4CF\uFE30-\uFE4F\uFF01-\uFF60\uFFE0-\uFFE6])|\uFE0F/u;
/** What is drawn over the character before it, or not at all. */
const weightless = /^[\p{Mark}\p{Format}\p{Control}]+$/u;
/** What would move the cursor, change colours, or turn the direction of what follows around. */
const unprintable = /[\p{Control}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
const ascii = /^[\x20-\x7E]*$/;

/** Text that users wrote, as one line that can do a terminal no harm. */
export function cleanText(text: string): string {
  // What isn't shown needn't be looked at.
  const start = text.length > 1_000 ? text.slice(0, 1_000) : text;
  return ascii.test(start) ? start : stripVTControlCharacters(start).replaceAll(unprintable, ' ').trim();
}

/** How many columns a text takes that has no colours in it. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** The text, cut with a `…` where it takes more than so many columns. */
export function cutText(text: string, columns: number): string {
  if (ascii.test(text) ? text.length <= columns : widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfGrapheme(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** The text with spaces after it, up to so many columns. */
export function padText(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

function widthOfGrapheme(grapheme: string): number {
  if (wide.test(grapheme)) return 2;
  return weightless.test(grapheme) ? 0 : 1;
}

/** What text is painted in. */
export type Style = 'cyan' | 'dim' | 'green' | 'red' | 'yellow' | 'bold';

/** Paints a text. */
export type Paint = (style: Style, text: string) => string;

/** Paints where there is colour. The caller knows the stream; by itself, `styleText` would ask stdout. */
export function painter(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}

import { cutText, type Paint, type Style, widthOf } from './terminal-text.ts';

/** A part of a line, which is shown whole or not at all. */
export interface LinePart {
  /** With the space before it that sets it apart; empty where there is nothing to show. */
  readonly text: string;
  readonly style?: Style | undefined;
  /** Who goes first where there isn't room for all: the highest. One of 0 stays, and is cut at last. */
  readonly rank: number;
}

/** What there is to draw with. */
export interface Pen {
  readonly paint: Paint;
  readonly columns: number;
}

/**
 * Parts beside each other, in as many lines as they need, up to a number. Where that isn't enough, those of the highest rank go, so that
 * what matters is neither cut nor lost; lines after the first are indented.
 */
export function linesOf(parts: readonly LinePart[], { paint, columns }: Pen, most = 1): string[] {
  const kept = parts.filter(({ text }) => text !== '');
  let lines = broken(kept, columns);
  while (lines.length > most) {
    const last = lastToStay(kept);
    if (last === undefined) break;
    kept.splice(last, 1);
    lines = broken(kept, columns);
  }
  return lines.slice(0, most).map((line) => painted(line, columns, paint));
}

/** How many columns parts take. */
export function widthOfParts(parts: readonly LinePart[]): number {
  return parts.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The one of the highest rank, the later of two. */
function lastToStay(parts: readonly LinePart[]): number | undefined {
  let found: number | undefined;
  for (const [place, { rank }] of parts.entries())
    if (rank > 0 && rank >= (parts[found ?? place] as LinePart).rank) found = place;
  return found;
}

function broken(parts: readonly LinePart[], columns: number): LinePart[][] {
  const lines: LinePart[][] = [[]];
  let width = 0;
  for (const part of parts) {
    const line = lines.at(-1) as LinePart[];
    const own = widthOf(part.text);
    if (line.length === 0 || width + own <= columns) {
      line.push(part);
      width += own;
      continue;
    }
    const first = { ...part, text: `  ${part.text.replace(/^[ ,·]+/, '')}` };
    lines.push([first]);
    width = widthOf(first.text);
  }
  return lines;
}

function painted(parts: readonly LinePart[], columns: number, paint: Paint): string {
  let left = columns;
  let line = '';
  for (const { text, style } of parts) {
    const cut = cutText(text, left);
    left -= widthOf(cut);
    line += style === undefined || cut === '' ? cut : paint(style, cut);
  }
  return line;
}

import { cleanText, padText, widthOf } from '../node/terminal-text.ts';

/** Rows as a table: columns as wide as what is in them, two spaces between. What users wrote can't move the cursor. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(cleanText));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => padText(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An amount of memory for people: `812 B`, `1.5 KiB`, `3.2 GiB`. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 || amount >= 100 ? String(Math.round(amount)) : amount.toFixed(1)} ${units[unit] ?? ''}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

const moments = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A moment for people, in the time zone of the machine: `2026-11-26 17:05:12`. */
export function momentText(ms: number): string {
  return moments.format(ms);
}

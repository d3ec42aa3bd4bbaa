import type { Note } from './progress-view.ts';
import { type Paint, type Style, wrapText } from './terminal-text.ts';

const noteStyles: Readonly<Record<Note['kind'], Style | undefined>> = {
  log: undefined,
  warning: 'yellow',
  retry: 'yellow',
  failure: 'red',
};

/** A note as a line, or as many as it takes, in the style of its kind, and what may explain it in lines below that. */
export function noteLines({ kind, text, details = [] }: Note, paint: Paint, columns = Infinity): string[] {
  const style = noteStyles[kind];
  const lines = wrapText(kind === 'failure' ? `✗ ${text}` : text, columns, '  ');
  return [
    ...lines.map((line) => (style === undefined ? line : paint(style, line))),
    ...details.map((detail) => paint('dim', `    ${detail}`)),
  ];
}

import type { Note } from './progress-view.ts';
import type { Paint, Style } from './terminal-text.ts';

const noteStyles: Readonly<Record<Note['kind'], Style | undefined>> = {
  log: undefined,
  warning: 'yellow',
  retry: 'yellow',
  failure: 'red',
};

/** A note as a line, in the style of its kind, and what may explain it in lines below that. */
export function noteLines({ kind, text, details = [] }: Note, paint: Paint): string[] {
  const style = noteStyles[kind];
  const line = style === undefined ? text : paint(style, kind === 'failure' ? `✗ ${text}` : text);
  return [line, ...details.map((detail) => paint('dim', `    ${detail}`))];
}

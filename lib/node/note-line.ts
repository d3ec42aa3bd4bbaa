import type { Note } from './progress-view.ts';
import type { Paint, Style } from './terminal-text.ts';

const noteStyles: Readonly<Record<Note['kind'], Style | undefined>> = {
  log: undefined,
  warning: 'yellow',
  retry: 'yellow',
  failure: 'red',
};

/** A note as a line, in the style of its kind. */
export function noteLine({ kind, text }: Note, paint: Paint): string {
  const style = noteStyles[kind];
  return style === undefined ? text : paint(style, kind === 'failure' ? `✗ ${text}` : text);
}

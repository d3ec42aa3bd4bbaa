import { number } from './amounts.ts';
import type { FailureStory } from './failure-story.ts';
import type { Pen } from './line-parts.ts';
import { wrapText } from './terminal-text.ts';

const mostTextLines = 3;
const mostDetailLines = 2;

/**
 * Failures in as many lines as there is room for: what failed and why of as many as possible, then what may explain them, of the first before
 * the others.
 *
 * @param failed - how many there are
 */
export function failureLines(
  failures: readonly FailureStory[],
  failed: number,
  { paint, columns }: Pen,
  room: number,
): string[] {
  if (room <= 0 || failed === 0) return [];
  const shown = failures.slice(0, failed > room ? room - 1 : room);
  const more = failed - shown.length;
  const stories = shown.map((story) => linesOfStory(story, columns));
  let left = room - shown.length - (more > 0 ? 1 : 0);
  const lines = stories.flatMap(([first = '', ...rest]) => {
    const taken = rest.slice(0, left);
    left -= taken.length;
    return [paint('red', first), ...taken.map((line) => paint('dim', line))];
  });
  return more > 0 ? [...lines, paint('red', `  ✗ … and ${number(more)} more failed`)] : lines;
}

/** All lines of one. */
export function linesOfStory({ text, details }: FailureStory, columns: number): string[] {
  return [
    ...wrapText(`  ✗ ${text}`, columns, '    ').slice(0, mostTextLines),
    ...details.flatMap((detail) =>
      wrapText(`      ${detail}`, columns, '        ').slice(0, mostDetailLines),
    ),
  ];
}

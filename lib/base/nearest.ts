/**
 * The known name nearest to an unknown one, if it is near enough to be a slip of the keyboard.
 *
 * @param isTaken - tells of names that can't have been meant: those that are there already
 */
export function nearestName(
  name: string,
  known: Iterable<string>,
  isTaken: (candidate: string) => boolean = () => false,
): string | undefined {
  // Names that have nothing in common aren't near, short as they may be.
  const limit = Math.min(Math.max(1, Math.floor(name.length / 3)), name.length - 1);
  let nearest: string | undefined;
  let best = limit + 1;
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= best) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < best && !isTaken(candidate)) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** What a message says of a name that there isn't: the one that was probably meant, else something else. */
export function hintOr(
  otherwise: string,
  ...[name, known, isTaken]: Parameters<typeof nearestName> | [name: unknown, known: Iterable<string>]
): string {
  const meant = typeof name === 'string' ? nearestName(name, known, isTaken) : undefined;
  return meant === undefined ? otherwise : `did you mean '${meant}'?`;
}

/** The same, after a semicolon; nothing where no name is near. */
export function hintAfter(...asked: Parameters<typeof nearestName>): string {
  const hint = hintOr('', ...asked);
  return hint === '' ? '' : `; ${hint}`;
}

/** The same in brackets, where what was asked for may be anything. */
export function hintInBrackets(name: unknown, known: Iterable<string>): string {
  const hint = hintOr('', name, known);
  return hint === '' ? '' : ` (${hint})`;
}

/** Damerau-Levenshtein distance (neighbouring letters swapped count one), in one row more than two. */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = left[row - 1] === right[column - 1] ? 0 : 1;
      let distance = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + substitution,
      );
      if (
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      ) {
        distance = Math.min(distance, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

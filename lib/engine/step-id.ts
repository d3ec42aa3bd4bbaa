/**
 * The names of steps within steps: `subflow/step`, `fan-out[key]`.
 *
 * 1. Two steps of a run never have one name: what separates the parts is escaped within them, as in a URL.
 * 2. The names of the run's own steps are as they are. Where one looks like the name of a step within another, it is that other's
 *    that is written otherwise.
 */

/** A part of a path. */
export function escaped(part: string): string {
  return special.test(part) ? part.replace(specials, (character) => codeOf(character)) : part;
}

/**
 * How the run's own step with that id is written at the beginning of a path.
 *
 * @param ids - of all of the run's own steps
 */
export function rootPart(id: string, ids: readonly string[]): string {
  let part = escaped(id);
  // Encoding the first letter changes nothing of what is meant.
  for (let first = id[0] ?? ''; isTaken(part, ids); first = codeOf(first)) {
    const next = codeOf(first) + escaped(id.slice(1));
    if (next === part) return part;
    part = next;
  }
  return part;
}

function isTaken(part: string, ids: readonly string[]): boolean {
  return ids.some((other) => other.startsWith(`${part}/`) || other.startsWith(`${part}[`));
}

const special = /[/[\]%]/;
const specials = /[/[\]%]/g;

function codeOf(text: string): string {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

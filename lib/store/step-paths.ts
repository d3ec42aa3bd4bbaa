import { rootPart } from '../engine/step-id.ts';

/** Finds the paths of the steps that a step is within, the outermost first. */
export type AncestorsOf = (path: string) => string[];

/** As it is where no step of the run's own has an id that looks like a path. */
export function ancestorsOf(path: string): string[] {
  const above: string[] = [];
  for (let at = 1; at < path.length; at++) {
    const character = path[at];
    if (character === '/' || character === '[') above.push(path.slice(0, at));
  }
  return above;
}

const known = new WeakMap<readonly string[], AncestorsOf>();

/** As it is in a run whose own steps have these ids: they are known by them as they are, and written otherwise in the paths of what is within. */
export function ancestorsAmong(ids: readonly string[]): AncestorsOf {
  let found = known.get(ids);
  if (found === undefined) {
    found = findAncestorsAmong(ids);
    known.set(ids, found);
  }
  return found;
}

function findAncestorsAmong(ids: readonly string[]): AncestorsOf {
  const suspects = ids.filter((id) => /[/[]/.test(id));
  const idOf = new Map<string, string>();
  for (const id of ids) {
    const part = rootPart(id, suspects);
    if (part !== id) idOf.set(part, id);
  }
  if (suspects.length === 0 && idOf.size === 0) return ancestorsOf;
  const roots = new Set(suspects);
  return (path) => (roots.has(path) ? [] : ancestorsOf(path).map((above) => idOf.get(above) ?? above));
}

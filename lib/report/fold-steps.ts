import { type Collapsed, collapse } from './collapse.ts';
import type { PicturedStep } from './pictured-workflow.ts';

/** What is drawn by itself, wherever it lies. */
export interface Unfolded {
  /** Steps that have to be seen: those that failed, and those that decided how long it took. */
  readonly steps: ReadonlySet<string>;
  /** The folds that somebody has opened. */
  readonly folds: ReadonlySet<string>;
}

/** So many steps of one fold are drawn by themselves; more say nothing. */
const mostOfFold = 60;

/**
 * Gathers the steps of a large graph into few nodes: those of a group; of others those that are called alike and are of one kind, as
 * `fetch 1` to `fetch 128` are; and where these are still too many, those that lie equally deep. Linear in steps + dependencies.
 *
 * @param most - so many nodes at most, those apart that are unfolded
 */
export function foldSteps(steps: readonly PicturedStep[], most: number, unfolded: Unfolded): Collapsed[] {
  if (steps.length <= most) return steps.map(alone);
  const folds = new Map<string, PicturedStep[]>();
  for (const step of steps) {
    const key = keyOf(step);
    const fold = folds.get(key);
    if (fold === undefined) folds.set(key, [step]);
    else fold.push(step);
  }
  const isFew = folds.size <= most;
  const gathered = isFew
    ? [...folds].map(([key, members]): Collapsed => ({ name: nameOf(members), key, steps: members }))
    : collapse(steps, most).map((fold) => ({ ...fold, key: `depth ${fold.name ?? ''}` }));
  return gathered.flatMap((fold) => opened(fold, unfolded));
}

function opened({ name, key, steps }: Collapsed, { steps: shown, folds }: Unfolded): Collapsed[] {
  if (name === undefined || steps.length === 1) return steps.map(alone);
  const isOpen = folds.has(key ?? name);
  const own: PicturedStep[] = [];
  const others: PicturedStep[] = [];
  for (const step of steps) {
    const isShown = shown.has(step.id) || (isOpen && own.length < mostOfFold);
    (isShown ? own : others).push(step);
  }
  if (others.length === 1) return steps.map(alone);
  return [
    ...own.map(alone),
    ...(others.length === 0 ? [] : [{ name: `${name} ×${String(others.length)}`, key, steps: others }]),
  ];
}

function alone(step: PicturedStep): Collapsed {
  return { name: undefined, steps: [step] };
}

/** What steps have in common that are folded: a group, or a name but for its numbers, and what they are. */
function keyOf({ id, group, kind = 'step' }: PicturedStep): string {
  return group === undefined ? `alike ${kind} ${prefixOf(id)}` : `group ${group}`;
}

function prefixOf(id: string): string {
  return id.replaceAll(/\d+/g, '…');
}

function nameOf(members: readonly PicturedStep[]): string {
  const [first] = members;
  return first?.group ?? prefixOf(first?.id ?? '');
}

import { stepsIn } from '../base/step-list.ts';
import type { PicturedStep } from '../report/pictured-workflow.ts';

/** Beyond so many it matters no more how many they are. */
const mostWaiters = 1_000;

/** Of the steps of a workflow, whom the others wait for. */
export class Bottleneck {
  readonly #dependents = new Map<string, string[]>();
  /** The longest path from a step to the end, by estimates, its own included; made when it is first asked for. */
  #remaining: Map<string, number> | undefined;
  readonly #steps: readonly PicturedStep[];
  readonly #waiters = new Map<string, number>();

  constructor(steps: Iterable<PicturedStep>) {
    this.#steps = stepsIn(steps);
    for (const { id, dependsOn } of this.#steps)
      for (const needed of dependsOn) {
        const known = this.#dependents.get(needed);
        if (known === undefined) this.#dependents.set(needed, [id]);
        else known.push(id);
      }
  }

  /** Of some steps the one that most is left after; of equals the first. `undefined` where nobody waits for any. */
  of(ids: Iterable<string>): string | undefined {
    let found: string | undefined;
    let most = 0;
    for (const id of ids) {
      const left = this.#dependents.has(id) ? this.#leftAfter(id) : 0;
      if (left <= most) continue;
      found = id;
      most = left;
    }
    return found;
  }

  /** How many steps, directly or not, need one; up to 1,000. */
  waitersOf(id: string): number {
    const known = this.#waiters.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    const open = [id];
    for (let at = open.pop(); at !== undefined && found.size < mostWaiters; at = open.pop())
      for (const dependent of this.#dependents.get(at) ?? [])
        if (!found.has(dependent)) {
          found.add(dependent);
          open.push(dependent);
        }
    const count = Math.min(found.size, mostWaiters);
    this.#waiters.set(id, count);
    return count;
  }

  #leftAfter(id: string): number {
    this.#remaining ??= this.#remainingPaths();
    return this.#remaining.get(id) ?? 0;
  }

  /** Each step once all that need it are known: without recursion, since graphs may be deep. */
  #remainingPaths(): Map<string, number> {
    const remaining = new Map<string, number>();
    const open = new Map(this.#steps.map(({ id }) => [id, this.#dependents.get(id)?.length ?? 0]));
    const infos = new Map(this.#steps.map((step) => [step.id, step]));
    const ready = this.#steps.filter(({ id }) => open.get(id) === 0);
    for (let step = ready.pop(); step !== undefined; step = ready.pop()) {
      const after = (this.#dependents.get(step.id) ?? []).reduce(
        (most, id) => Math.max(most, remaining.get(id) ?? 0),
        0,
      );
      remaining.set(step.id, after + (step.estimate ?? 1));
      for (const needed of step.dependsOn) {
        const left = (open.get(needed) ?? 0) - 1;
        open.set(needed, left);
        const info = infos.get(needed);
        if (left === 0 && info !== undefined) ready.push(info);
      }
    }
    return remaining;
  }
}

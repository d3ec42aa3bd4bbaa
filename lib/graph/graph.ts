import { type CriticalPath, criticalPath, type Weights } from './critical-path.ts';
import { type Rows, reverseRows } from './rows.ts';

/**
 * The structure of a workflow: which step needs which. Immutable and acyclic.
 *
 * 1. A step's index is its place in the order of definition.
 * 2. `order` is topological: every step comes after all of its dependencies.
 * 3. `dependents` is exactly `dependencies` the other way round, each row in the order of definition.
 *
 * A dependency that a step names twice stands twice in both.
 *
 * @example
 * ```ts
 * const order = flights.graph.topologicalOrder();
 * const first = flights.graph.readySteps([]);
 * ```
 */
export class Graph {
  /** The ids of all steps, in the order of definition. */
  readonly ids: readonly string[];
  /** @internal */
  readonly dependencies: Rows;
  /** @internal */
  readonly dependents: Rows;
  /** @internal */
  readonly order: Uint32Array;
  #indices: Map<string, number> | undefined;

  /** @internal Use `workflow.graph`. Without an `order`, that of definition must be topological. */
  constructor(ids: readonly string[], dependencies: Rows, order?: Uint32Array, dependents?: Rows) {
    this.ids = ids;
    this.dependencies = dependencies;
    this.dependents = dependents ?? reverseRows(dependencies);
    this.order = order ?? new Uint32Array(ids.length).map(identity);
  }

  /** The number of steps. */
  get size(): number {
    return this.ids.length;
  }

  /** Whether there is a step with that id. */
  has(id: string): boolean {
    return this.indexOf(id) !== undefined;
  }

  /** The ids of the steps that a step needs, each once; empty for an unknown id. */
  dependenciesOf(id: string): string[] {
    return this.#neighbours(this.dependencies, id);
  }

  /** The ids of the steps that need a step, each once, in the order of definition; empty for an unknown id. */
  dependentsOf(id: string): string[] {
    return this.#neighbours(this.dependents, id);
  }

  /** Every id, each after all of its dependencies. */
  topologicalOrder(): string[] {
    return Array.from(this.order, (index) => this.#id(index));
  }

  /** The ids of the steps not in `settled` whose dependencies all are, in the order of definition. */
  readySteps(settled: Iterable<string>): string[] {
    const done = new Set(settled);
    return this.ids.filter(
      (id) => !done.has(id) && this.dependenciesOf(id).every((needed) => done.has(needed)),
    );
  }

  /**
   * The longest path through the graph: what no number of workers can make shorter.
   *
   * Linear in steps + dependencies.
   *
   * @param weights - the length of a step by its id; 1 a step by default
   */
  criticalPath(weights?: Weights): CriticalPath {
    return criticalPath(this, weights);
  }

  /** @internal */
  indexOf(id: string): number | undefined {
    this.#indices ??= new Map(this.ids.map((known, index) => [known, index]));
    return this.#indices.get(id);
  }

  #neighbours({ starts, values }: Rows, id: string): string[] {
    const index = this.indexOf(id);
    if (index === undefined) return [];
    return Array.from(new Set(values.subarray(starts[index], starts[index + 1])), (other) => this.#id(other));
  }

  #id(index: number): string {
    return this.ids[index] ?? '';
  }
}

const identity = (_: unknown, index: number): number => index;

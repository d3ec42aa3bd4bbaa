/**
 * Steps in the order of definition, each found by its id: what a workflow, a snapshot and metrics have for `steps`.
 *
 * ```
 * list ──▶ chunks ──▶ 256 steps │ 256 steps │ … what changes copies its chunk, and shares the others
 * ```
 *
 * 1. All of it is frozen.
 * 2. Its one own field is its data, so that `structuredClone` keeps that; `stepsIn` reads a clone like a list.
 */

/**
 * Steps in the order of definition, to be iterated over, or found by id. Frozen, and an array in JSON.
 *
 * `[...steps]` is an array of them, for `map` and `filter`. Its number is its `size`, as a Set's is, since steps have no places but ids.
 * A structured clone (`postMessage`) has no methods: send `[...steps]`.
 *
 * @example
 * ```ts
 * const { steps } = run.snapshot();
 * for (const { id, status } of steps) console.log(id, status);
 * console.log(steps.size, steps.get('report')?.status);
 * ```
 */
export interface StepList<
  Item extends {
    /** Unique in the list. */
    readonly id: string;
  },
> extends Iterable<Item> {
  /** How many there are. */
  readonly size: number;
  /** The step of that id; `undefined` where there is none. */
  get(id: string): Item | undefined;
  /** All of them, as JSON has them. */
  toJSON(): readonly Item[];
}

interface Identified {
  readonly id: string;
}

const chunkSize = 256;

/** A list of steps that shares what hasn't changed with the one before it. */
export class ChunkedSteps<Item extends Identified> implements StepList<Item> {
  readonly chunks: readonly (readonly Item[])[];
  readonly #placeOf: (id: string) => number | undefined;

  private constructor(chunks: readonly (readonly Item[])[], placeOf: (id: string) => number | undefined) {
    this.chunks = Object.freeze(chunks);
    this.#placeOf = placeOf;
    Object.freeze(this);
  }

  /**
   * Freezes the steps too. Linear in steps.
   *
   * @param placeOf - the place of an id. @defaultValue looked up in the steps, at the first question
   */
  static of<Item extends Identified>(
    steps: readonly Item[],
    placeOf: (id: string) => number | undefined = placesIn(steps),
  ): ChunkedSteps<Item> {
    const chunks = Array.from({ length: Math.ceil(steps.length / chunkSize) }, (_, chunk) =>
      frozen(steps.slice(chunk * chunkSize, (chunk + 1) * chunkSize)),
    );
    return new ChunkedSteps(chunks, placeOf);
  }

  get size(): number {
    const last = this.chunks.length - 1;
    return last < 0 ? 0 : last * chunkSize + (this.chunks[last]?.length ?? 0);
  }

  get(id: string): Item | undefined {
    const place = this.#placeOf(id);
    return place === undefined ? undefined : this.at(place);
  }

  at(place: number): Item | undefined {
    return this.chunks[Math.floor(place / chunkSize)]?.[place % chunkSize];
  }

  /** The same with other steps at some places; itself where there are none. The cost follows the number of chunks they are in. */
  with(changes: ReadonlyMap<number, Item>): ChunkedSteps<Item> {
    if (changes.size === 0) return this;
    const chunks = [...this.chunks];
    const copied = new Map<number, Item[]>();
    for (const [place, step] of changes) {
      const index = Math.floor(place / chunkSize);
      let chunk = copied.get(index);
      if (chunk === undefined) {
        chunk = [...(chunks[index] ?? [])];
        copied.set(index, chunk);
        chunks[index] = chunk;
      }
      chunk[place % chunkSize] = frozen(step);
    }
    for (const chunk of copied.values()) Object.freeze(chunk);
    return new ChunkedSteps(chunks, this.#placeOf);
  }

  *[Symbol.iterator](): Generator<Item, undefined> {
    for (const chunk of this.chunks) yield* chunk;
    return undefined;
  }

  toJSON(): readonly Item[] {
    return this.chunks.flat();
  }

  /** What Node prints: the steps. */
  [Symbol.for('nodejs.util.inspect.custom')](): readonly Item[] {
    return this.toJSON();
  }
}

/** The steps of a list, of any iterable of them, or of what `structuredClone` has left of a list. */
export function stepsIn<Item extends Identified>(steps: Iterable<Item>): readonly Item[] {
  if (Array.isArray(steps)) return steps as readonly Item[];
  const { chunks } = steps as Partial<ChunkedSteps<Item>>;
  return chunks === undefined ? [...steps] : chunks.flat();
}

/** Whether `stepsIn` can read it. */
export function isStepList(value: unknown): value is Iterable<Identified> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Array.isArray((value as { readonly chunks?: unknown }).chunks);
}

function placesIn(steps: readonly Identified[]): (id: string) => number | undefined {
  let places: Map<string, number> | undefined;
  return (id) => {
    places ??= new Map(steps.map((step, place) => [step.id, place]));
    return places.get(id);
  };
}

/** Freezes a value, and what is in it as far as that isn't frozen. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

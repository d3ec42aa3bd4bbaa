/**
 * The names of a run's resource classes, and their places in admission.
 *
 * 1. A class has one place, and a place at most one class. Both are found at once, however many there are.
 * 2. A class that is forgotten leaves its place to another.
 */
export class ResourceClasses {
  readonly #placeOf = new Map<string, number>();
  readonly #nameAt: (string | undefined)[] = [];

  get size(): number {
    return this.#placeOf.size;
  }

  placeOf(name: string): number | undefined {
    return this.#placeOf.get(name);
  }

  nameAt(place: number): string | undefined {
    return this.#nameAt[place];
  }

  names(): Iterable<string> {
    return this.#placeOf.keys();
  }

  /** Each with its place, in the order in which they came. */
  entries(): Iterable<[name: string, place: number]> {
    return this.#placeOf.entries();
  }

  add(name: string, place: number): void {
    this.#placeOf.set(name, place);
    this.#nameAt[place] = name;
  }

  forget(name: string, place: number): void {
    this.#placeOf.delete(name);
    this.#nameAt[place] = undefined;
  }
}

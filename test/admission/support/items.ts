import { Admission } from '../../../lib/admission/admission.ts';
import { Shape } from '../../../lib/admission/shape.ts';

/** An item with a name, a rank (smaller goes first) and a demand. */
export interface Item {
  readonly name: string;
  readonly rank: number;
  readonly shape: Shape<Item>;
}

/** Smaller ranks first. */
const byRank = { before: (left: Item, right: Item): boolean => left.rank < right.rank };

/** An admission of named items; ranks go by arrival unless they are given. */
export class Desk {
  readonly admission: Admission<Item>;
  readonly #items = new Map<string, Item>();
  readonly #shapes = new Map<string, Shape<Item>>();

  constructor(capacities: readonly number[], maxOvertakes?: number) {
    const shapeOf = ({ shape }: Item): Shape<Item> => shape;
    this.admission = new Admission({ capacities, shapeOf, ...byRank, maxOvertakes });
  }

  enqueue(name: string, amounts: readonly number[], rank = this.#items.size): this {
    const key = amounts.join();
    const places = [...amounts.keys()].filter((place) => amounts[place] !== 0);
    const shape =
      this.#shapes.get(key) ??
      new Shape(
        places,
        places.map((place) => amounts[place] ?? 0),
        byRank,
      );
    this.#shapes.set(key, shape);
    const item = { name, rank, shape };
    this.#items.set(name, item);
    this.admission.enqueue(item);
    return this;
  }

  /** The names of all that go now, in order. */
  admit(): string[] {
    const names: string[] = [];
    for (let item = this.admission.admit(); item !== undefined; item = this.admission.admit())
      names.push(item.name);
    return names;
  }

  /** Gives back what an item took; the names of all that go then. */
  release(name: string): string[] {
    this.admission.release(this.item(name));
    return this.admit();
  }

  /** Takes out what can never fit any more. */
  removeHopeless(): Item[] {
    const removed: Item[] = [];
    for (let found = this.admission.hopeless(); found.length > 0; found = this.admission.hopeless())
      for (const item of found) {
        this.admission.remove(item);
        removed.push(item);
      }
    return removed;
  }

  item(name: string): Item {
    const item = this.#items.get(name);
    if (item === undefined) throw new Error(`no item '${name}'`);
    return item;
  }
}

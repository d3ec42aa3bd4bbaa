import type { WaitingItems } from './waiting-items.ts';

/** A total order over items that are whole numbers from 0: each has a rank, no two the same. */
interface Ranking {
  /** The rank of each item; the lowest goes first. */
  readonly rankOf: Uint32Array;
  /** The item at each rank. */
  readonly itemAt: Uint32Array;
}

/**
 * The waiting items of a ranking, as a bit a rank, with a summary of each 32 words above them, and so on.
 *
 * Nothing is compared: the first is found by counting leading zeros, in as many words as there are levels (4 for a
 * million items). A heap takes about twenty comparisons there, half of them guessed wrong by the processor.
 */
export class RankSet implements WaitingItems<number> {
  readonly #rankOf: Uint32Array;
  readonly #itemAt: Uint32Array;
  /** From the bits of the ranks up to a single word. The lowest rank is the highest bit. */
  readonly #levels: readonly Uint32Array[];
  #size = 0;
  /** The lowest rank in here; meaningless where there is none. */
  #first = 0;

  constructor({ rankOf, itemAt }: Ranking) {
    this.#rankOf = rankOf;
    this.#itemAt = itemAt;
    const levels: Uint32Array[] = [];
    for (let length = rankOf.length; length > 1 || levels.length === 0; ) {
      length = Math.ceil(length / 32);
      levels.push(new Uint32Array(length));
    }
    this.#levels = levels;
  }

  get size(): number {
    return this.#size;
  }

  peek(): number | undefined {
    return this.#size === 0 ? undefined : this.#itemAt[this.#first];
  }

  push(item: number): void {
    const rank = this.#rankOf[item] as number;
    if (this.#size === 0 || rank < this.#first) this.#first = rank;
    this.#size++;
    let place = rank;
    for (const words of this.#levels) {
      const word = place >>> 5;
      const before = words[word] as number;
      words[word] = before | (highestBit >>> (place & 31));
      if (before !== 0) break;
      place = word;
    }
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#itemAt[this.#first];
    this.#delete(this.#first);
    return item;
  }

  remove(item: number): void {
    this.#delete(this.#rankOf[item] as number);
  }

  items(): number[] {
    const words = this.#levels[0] as Uint32Array;
    return [...this.#itemAt].filter(
      (_, rank) => ((words[rank >>> 5] as number) & (highestBit >>> (rank & 31))) !== 0,
    );
  }

  clear(): number[] {
    const items: number[] = [];
    for (let item = this.pop(); item !== undefined; item = this.pop()) items.push(item);
    return items;
  }

  #delete(rank: number): void {
    this.#size--;
    let place = rank;
    for (const words of this.#levels) {
      const word = place >>> 5;
      const after = (words[word] as number) & ~(highestBit >>> (place & 31));
      words[word] = after;
      if (after !== 0) break;
      place = word;
    }
    if (rank === this.#first && this.#size > 0) this.#first = this.#lowest();
  }

  #lowest(): number {
    let place = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      place = (place << 5) + Math.clz32((this.#levels[level] as Uint32Array)[place] as number);
    }
    return place;
  }
}

const highestBit = 0x8000_0000;

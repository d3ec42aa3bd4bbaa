import { setTimeout as sleep } from 'node:timers/promises';

/** A sale, as the database has it. */
export interface Sale {
  readonly product: string;
  readonly amount: number;
}

/** A database that stands in for a real one: it takes a while, and counts who is connected. */
export class Database {
  /** How many queries it works on, and the most there ever were at once. */
  connected = 0;
  peak = 0;
  queries = 0;
  readonly #latencyMs: number;

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /** The sales of a city; a signal that aborts ends the query. */
  sales(city: string, signal: AbortSignal): Promise<readonly Sale[]> {
    return this.#query(signal, () =>
      Array.from({ length: 20 }, (_, place) => ({
        product: products[place % products.length] ?? '',
        amount: (city.length * 37 + place * 91) % 500,
      })),
    );
  }

  /** How many people live in a city. */
  people(city: string, signal: AbortSignal): Promise<number> {
    return this.#query(signal, () => city.length * 100_000);
  }

  async #query<Row>(signal: AbortSignal, read: () => Row): Promise<Row> {
    this.queries++;
    this.peak = Math.max(this.peak, ++this.connected);
    try {
      await sleep(this.#latencyMs, undefined, { signal });
      return read();
    } finally {
      this.connected--;
    }
  }
}

const products = ['bread', 'cheese', 'olives', 'pears', 'wine'];

import { digestOf, largestInline, type Parcel } from './parcel.ts';
import type { BlobStore } from './transport.ts';

/** Inputs that were put away, each once however many calls have it, and dropped with the last of them. */
export class BlobUses {
  readonly #owner: string;
  readonly #blobs: BlobStore;
  readonly #uses = new Map<string, { count: number; readonly put: Promise<void> }>();

  /** @param owner - what the names begin with, so that nobody else drops them */
  constructor(owner: string, blobs: BlobStore) {
    this.#owner = owner;
    this.#blobs = blobs;
  }

  /** The name under which bytes are put away; `undefined` where they are small enough to be sent. */
  take(bytes: Uint8Array): string | undefined {
    if (bytes.byteLength <= largestInline) return undefined;
    const name = `${this.#owner}-${digestOf(bytes)}`;
    const known = this.#uses.get(name);
    if (known === undefined) {
      const put = this.#blobs.put(name, bytes);
      // Whoever waits for it hears of it.
      put.catch(doNothing);
      this.#uses.set(name, { count: 1, put });
    } else {
      known.count++;
    }
    return name;
  }

  /** What is sent instead, once it is there. */
  async parcel(name: string, bytes: Uint8Array): Promise<Parcel> {
    await this.#uses.get(name)?.put;
    return { blob: name, size: bytes.byteLength };
  }

  release(name: string): void {
    const known = this.#uses.get(name);
    if (known === undefined) return;
    known.count--;
    if (known.count > 0) return;
    this.#uses.delete(name);
    known.put.then(() => this.#blobs.drop(name)).catch(doNothing);
  }
}

function doNothing(): void {
  // A day later it is gone anyway.
}

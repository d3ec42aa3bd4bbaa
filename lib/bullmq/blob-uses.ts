import {
  bytesOf,
  digestOf,
  largestInline,
  type ParcelText,
  parcelOf,
  sizeOf,
  type Written,
} from './parcel.ts';
import type { BlobStore } from './transport.ts';

/** An input that was put away. */
export interface UsedBlob {
  readonly name: string;
  readonly size: number;
  readonly blobs: BlobStore;
  readonly put: Promise<void>;
  count: number;
}

/** Inputs that were put away, each once however many calls have it, and dropped with the last of them. */
export class BlobUses {
  readonly #owner: string;
  readonly #uses = new Map<BlobStore, Map<string, UsedBlob>>();

  /** @param owner - what the names begin with, so that nobody else drops them */
  constructor(owner: string) {
    this.#owner = owner;
  }

  /** Puts what was written away, if they aren't already; `undefined` where they are small enough to be sent. */
  take(blobs: BlobStore, value: Written): UsedBlob | undefined {
    if (sizeOf(value) <= largestInline) return undefined;
    const bytes = bytesOf(value);
    const name = `${this.#owner}-${digestOf(bytes)}`;
    const uses = this.#uses.get(blobs) ?? new Map<string, UsedBlob>();
    this.#uses.set(blobs, uses);
    const known = uses.get(name);
    if (known !== undefined) {
      known.count++;
      return known;
    }
    const put = blobs.put(name, bytes);
    // Whoever waits for it hears of it.
    put.catch(doNothing);
    const blob = { name, size: bytes.byteLength, blobs, put, count: 1 };
    uses.set(name, blob);
    return blob;
  }

  release(blob: UsedBlob): void {
    const { name, blobs, put } = blob;
    blob.count--;
    if (blob.count > 0) return;
    this.#uses.get(blobs)?.delete(name);
    put.then(() => blobs.drop(name)).catch(doNothing);
  }
}

/** What is sent of what was written: where it was put away, where that is. */
export function inputOf(blob: UsedBlob | undefined, value: Written): ParcelText {
  return parcelOf(blob === undefined ? value : { blob: blob.name, size: blob.size });
}

function doNothing(): void {
  // A day later it is gone anyway.
}

import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { UnclonableValueError } from '../pool/unclonable-value-error.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';
import { MissingBlobError } from './missing-blob-error.ts';
import type { BlobStore } from './transport.ts';

/** A value on its way: in the message itself, or where its bytes lie. */
export type Parcel = Uint8Array | { readonly blob: string; readonly size: number };

/** What is larger, in bytes, goes through the blob store. */
export const largestInline = 16 * 1024;

/**
 * The bytes of a value.
 *
 * @throws UnclonableValueError which leads to the part that can't be cloned
 */
export function bytesOf(value: unknown, taskName: string, root: 'input' | 'output'): Uint8Array {
  try {
    return serialize(value);
  } catch (cause) {
    const { path, what } = unclonablePart(value, root);
    throw new UnclonableValueError(taskName, path, what, { cause });
  }
}

/** The digest of bytes, by which they are found. */
export function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes as they are sent; those that are larger than `inline` are put away first, under `owner` and their digest. */
export async function wrap(
  bytes: Uint8Array,
  owner: string,
  blobs: BlobStore,
  inline: number,
): Promise<Parcel> {
  if (bytes.byteLength <= inline) return bytes;
  const blob = `${owner}-${digestOf(bytes)}`;
  await blobs.put(blob, bytes);
  return { blob, size: bytes.byteLength };
}

/**
 * The value again.
 *
 * **Errors:** `MissingBlobError` where its bytes aren't there or are others.
 */
export async function unwrap(parcel: Parcel, blobs: BlobStore): Promise<unknown> {
  if (parcel instanceof Uint8Array) return deserialize(parcel);
  const bytes = await blobs.get(parcel.blob);
  if (bytes === undefined || !parcel.blob.endsWith(digestOf(bytes)))
    throw new MissingBlobError(parcel.blob, parcel.size);
  return deserialize(bytes);
}

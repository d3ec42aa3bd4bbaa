import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { UnclonableValueError } from '../pool/unclonable-value-error.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';
import { jsonOf } from './json-values.ts';
import { MissingBlobError } from './missing-blob-error.ts';
import type { BlobStore } from './transport.ts';

/**
 * A value as it is sent: as JSON where that says all of it, since a short text costs both sides a fraction of what V8's own format does;
 * nothing where it is `undefined`; else in that format.
 */
export type Written = string | Uint8Array;

/** Where a value lies that is too large for a message. */
export interface BlobParcel {
  readonly blob: string;
  readonly size: number;
}

/** A value within a message that was read: in a list, or in base64 where it is in V8's format. */
export type InlineParcel = readonly [value?: unknown] | string;

/** A value on its way: in the message itself, or where its bytes lie. */
export type Parcel = InlineParcel | BlobParcel;

/** A parcel as JSON, to be put into a message. */
export type ParcelText = string & { readonly parcel: unique symbol };

/** What is larger, in bytes, goes through the blob store. */
export const largestInline = 16 * 1024;

/**
 * Writes a value.
 *
 * @throws UnclonableValueError which leads to the part that can't be cloned
 */
export function write(value: unknown, taskName: string, root: 'input' | 'output'): Written {
  try {
    return written(value);
  } catch (cause) {
    const { path, what } = unclonablePart(value, root);
    throw new UnclonableValueError(taskName, path, what, { cause });
  }
}

function written(value: unknown): Written {
  return value === undefined ? '' : (jsonOf(value) ?? serialize(value));
}

/** How much there is of it, in bytes, or in characters where it is a text. */
export function sizeOf(value: Written): number {
  return value.length;
}

/** What was written as bytes. */
export function bytesOf(value: Written): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

/** The digest of bytes, by which they are found. */
export function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What was written as it is sent, or where it lies instead. */
export function parcelOf(value: Written | BlobParcel): ParcelText {
  if (typeof value === 'string') return `[${value}]` as ParcelText;
  if (!(value instanceof Uint8Array)) return JSON.stringify(value) as ParcelText;
  const { buffer, byteOffset, byteLength } = value;
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"` as ParcelText;
}

/** A value that can be cloned as it is sent, however large it is. */
export function parcelOfValue(value: unknown): ParcelText {
  return parcelOf(written(value));
}

/** Puts what was written away, under `owner` and its digest. */
export async function putAway(value: Written, owner: string, blobs: BlobStore): Promise<ParcelText> {
  const bytes = bytesOf(value);
  const blob = `${owner}-${digestOf(bytes)}`;
  await blobs.put(blob, bytes);
  return parcelOf({ blob, size: bytes.byteLength });
}

/** Whether a value lies elsewhere. */
export function isBlob(parcel: Parcel): parcel is BlobParcel {
  return typeof parcel === 'object' && !Array.isArray(parcel);
}

/** The value that was in a message. */
export function valueIn(parcel: InlineParcel): unknown {
  return typeof parcel === 'string' ? deserialize(Buffer.from(parcel, 'base64')) : parcel[0];
}

/**
 * The value that lies elsewhere.
 *
 * **Errors:** `MissingBlobError` where its bytes aren't there or are others.
 */
export async function fetchValue({ blob, size }: BlobParcel, blobs: BlobStore): Promise<unknown> {
  const bytes = await blobs.get(blob);
  if (bytes === undefined || !blob.endsWith(digestOf(bytes))) throw new MissingBlobError(blob, size);
  // No JSON begins with the byte that V8's format does.
  return bytes[0] === 0xff ? deserialize(bytes) : JSON.parse(Buffer.from(bytes).toString());
}

import * as zlib from 'node:zlib';

/** The CRC-32 of some bytes, as zip and gzip have it: a number from 0 to 2³² − 1. */
export const checksum: (bytes: Uint8Array) => number =
  // Not every Node that is supported has it.
  (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? checksumByTable;

let table: Uint32Array | undefined;

/** As {@link checksum}, where the platform has none: some twenty times as slow. */
export function checksumByTable(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xed_b8_83_20 ^ (rest >>> 1) : rest >>> 1;
    return rest;
  });
  let crc = 0xff_ff_ff_ff;
  for (let index = 0; index < bytes.length; index++)
    crc = (table[(crc ^ (bytes[index] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xff_ff_ff_ff) >>> 0;
}

/**
 * An amount of memory: a number of bytes, or a number with a unit (decimal `kB MB GB TB`, binary `KiB MiB GiB TiB`).
 *
 * @example
 * ```ts
 * const amounts: Bytes[] = [1024, '64kB', '256MiB', '1.5GiB'];
 * ```
 */
export type Bytes =
  | number
  | `${number}${'B' | 'kB' | 'KB' | 'MB' | 'GB' | 'TB' | 'KiB' | 'MiB' | 'GiB' | 'TiB'}`;

/** What an amount of memory should be, for messages. */
export const bytesExpected =
  "an amount of memory: bytes, or a number with a unit like '64kB', '256MiB', '1GiB'";

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** The bytes of an amount, or `undefined` where it isn't one. */
export function parseBytes(value: unknown): number | undefined {
  const bytes = typeof value === 'number' ? value : typeof value === 'string' ? parseText(value) : Number.NaN;
  return bytes >= 0 ? bytes : undefined;
}

function parseText(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kKMGT]?i?B)\s*$/.exec(text);
  const unit = unitBytes[match?.[2] ?? ''];
  return match === null || unit === undefined ? Number.NaN : Math.floor(Number(match[1]) * unit);
}

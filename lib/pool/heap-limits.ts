/** The smallest heap that a thread reliably starts with, in bytes. */
export const leastHeap = 16 * 2 ** 20;

/** From this size on V8 has no use for more room for recent objects, in MiB. */
const mostYoung = 48;

/**
 * The limits of a heap of so many bytes: a quarter is for recent objects, 48 MiB of them at most, the rest for
 * lasting ones. Never less than {@link leastHeap}.
 */
export function heapLimits(bytes: number): {
  readonly maxOldGenerationSizeMb: number;
  readonly maxYoungGenerationSizeMb: number;
} {
  const all = Math.max(bytes, leastHeap) / 2 ** 20;
  const maxYoungGenerationSizeMb = Math.min(mostYoung, all / 4);
  return { maxOldGenerationSizeMb: all - maxYoungGenerationSizeMb, maxYoungGenerationSizeMb };
}

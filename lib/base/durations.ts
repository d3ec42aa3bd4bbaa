/**
 * A length of time: a number of milliseconds, or a number with a unit.
 *
 * Any finite one: what is longer than a timer of JavaScript can wait (24.8 days) is waited for in stages.
 *
 * @example
 * ```ts
 * const durations: Duration[] = [250, '250ms', '30s', '5m', '1.5h', '1d'];
 * ```
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** What a duration should be, for messages. */
export const durationExpected =
  "a duration: milliseconds, or a number with a unit like '250ms', '30s', '5m', '2h', '1d'";

/** The longest that a single timer of JavaScript can wait. */
export const longestDuration = 2_147_483_647;

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The milliseconds of a duration, or `undefined` where it isn't one. */
export function parseDuration(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parseText(value) : Number.NaN;
  return ms >= 0 && ms < Infinity ? ms : undefined;
}

function parseText(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text);
  if (match === null) return Number.NaN;
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

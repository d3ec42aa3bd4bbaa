import type { ChildCounts } from '../observe/child-counts.ts';
import { settledOf } from '../observe/descent.ts';

/** `10,000`, whatever the locale; `∞` where there is no end. */
export function number(value: number): string {
  if (value === Infinity) return '∞';
  return String(Math.round(value * 100) / 100).replace(/\B(?=(?:\d{3})+(?:\.|$))/g, ',');
}

/** An amount of memory. */
export function bytes(value: number): string {
  if (value === Infinity) return '∞';
  const place = value < 1_024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${number(Math.round((value / 1_024 ** place) * 10) / 10)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][place] ?? ''}`;
}

/** How many of those are settled that came of others. */
export function shareOf(within: ChildCounts): string {
  return `${number(settledOf(within))}/${number(within.added)}`;
}

/** How far that is which came of others. */
export function withinText(within: ChildCounts | undefined): string {
  return within === undefined ? '' : `, ${shareOf(within)} within them`;
}

/** A bar as wide as it is told to be. */
export function bar(fraction: number, width: number): string {
  const full = Math.min(width, Math.max(0, Math.floor(fraction * width)));
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** How long something is going to take, for people who know that nobody knows: no smaller parts than it is sure of. */
export function roughText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  const rest = minutes % 60;
  return `${number(Math.floor(minutes / 60))} h${rest === 0 ? '' : ` ${String(rest)} min`}`;
}

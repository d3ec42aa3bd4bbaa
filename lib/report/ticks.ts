/** Marks on an axis: their places, and what is written beside each. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Where to put at most so many marks between two times from 0 on, in ms: at round ones, of which no two are written alike. */
export function timeTicks(from: number, to: number, most: number): Tick[] {
  const unit = timeUnit((to - from) / Math.max(1, most));
  return multiples(from, to, unit).map((value) => ({ value, text: timeText(value, unit, to) }));
}

/** The same, of amounts from 0 on; `isWhole` where nobody takes a fraction. */
export function amountTicks(to: number, most: number, isWhole: boolean): number[] {
  const unit = decimalUnit(to / Math.max(1, most));
  return multiples(0, to, isWhole ? Math.max(1, unit) : unit);
}

/** Amounts of memory are round in binary. */
export function byteTicks(to: number, most: number): number[] {
  return multiples(0, to, 2 ** Math.max(0, Math.ceil(Math.log2(to / Math.max(1, most)))));
}

function multiples(from: number, to: number, unit: number): number[] {
  const ticks: number[] = [];
  // By counting, since adding up drifts.
  const first = Math.max(0, Math.ceil(from / unit - 1e-9));
  for (let count = first; count * unit <= to + unit * 1e-9; count++) ticks.push(count * unit);
  return ticks;
}

/** 1, 2 or 5 times a power of ten. */
function decimalUnit(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((digit) => digit * power >= least * (1 - 1e-9)) ?? 10) * power;
}

const minute = 60_000;
const hour = 60 * minute;

/** From a second on, what divides minutes and hours. */
function timeUnit(least: number): number {
  const units = [1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000);
  const longer = [1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute);
  if (least <= 500) return decimalUnit(least);
  return (
    [...units, ...longer, hour, 2 * hour, 6 * hour, 12 * hour].find((unit) => unit >= least) ??
    decimalUnit(least / hour) * hour
  );
}

/** As many places as tell neighbours apart. */
function timeText(ms: number, unit: number, most: number): string {
  if (most < 1_000) return ms === 0 ? '0' : `${fixed(ms, unit)} ms`;
  if (unit < 1_000 && most < minute) return ms === 0 ? '0' : `${fixed(ms / 1_000, unit / 1_000)} s`;
  if (most < minute) return `${String(Math.round(ms / 1_000))} s`;
  const seconds = ms / 1_000;
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60].map((part) => String(part));
  const rest = fixed(seconds % 60, Math.min(1, unit / 1_000));
  const [hours = '0', minutes = '0'] = parts;
  const whole = `${minutes.padStart(hours === '0' ? 1 : 2, '0')}:${rest.padStart(rest.includes('.') ? rest.length + (Number(rest) < 10 ? 1 : 0) : 2, '0')}`;
  return hours === '0' ? whole : `${hours}:${whole}`;
}

function fixed(value: number, unit: number): string {
  return value.toFixed(Math.max(0, Math.min(9, Math.ceil(-Math.log10(unit) - 1e-9))));
}

import { InvalidArgumentError } from 'commander';
import { parseBytes } from '../base/bytes.ts';
import { parseDuration } from '../base/durations.ts';

/** Takes an option that may be given several times. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Reads a whole number. */
export function count(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least) return number;
    throw new InvalidArgumentError(`Expected a whole number of at least ${String(least)}.`);
  };
}

/** Reads a port. */
export function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError('Expected a port: a number from 0 to 65535.');
}

/** Reads how many times as fast. */
export function speed(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** Reads a duration, in ms. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("Expected a duration, as in '12h' or '30d'.");
}

/** Reads an amount of memory, in bytes. */
export function bytes(text: string): number {
  const amount = /^\d+$/.test(text) ? Number(text) : parseBytes(text);
  if (amount !== undefined) return amount;
  throw new InvalidArgumentError("Expected an amount of memory, as in '500MB' or '2GiB'.");
}

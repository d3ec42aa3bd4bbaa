import { inspect } from 'node:util';
import { textOf } from '../base/inspect.ts';
import type { ProgressStream } from '../node/stream-abilities.ts';

/** Where the command writes: data to `out`, all else to `err`. */
export interface Terminal {
  readonly out: ProgressStream;
  readonly err: ProgressStream;
}

/** The process's own. Whoever stops reading, as `head` does, ends it quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  return { out: process.stdout, err: process.stderr };
}

/** Writes a text, as lines. */
export function writeLines(stream: ProgressStream, text: string): void {
  stream.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
}

/** Writes data as JSON. */
export function writeJson({ out }: Terminal, data: unknown): void {
  out.write(`${jsonText(data, 2)}\n`);
}

/** JSON of whatever a step may have come to: maps and sets as lists, big integers as text, errors by what they say. */
export function jsonText(data: unknown, indent?: number): string {
  return JSON.stringify(data === undefined ? null : data, plain, indent);
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)];
  if (value instanceof Set) return [...(value as ReadonlySet<unknown>)];
  if (value instanceof Error) {
    const { name, message, cause, ...fields } = value;
    return { name, message, ...fields, ...(cause === undefined ? {} : { cause }) };
  }
  return value;
}

/** A result for people: a line an output. */
export function resultText(outputs: Readonly<Record<string, unknown>>): string {
  return Object.entries(outputs)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : inspect(value, { depth: 8 })}`)
    .join('\n');
}

/** An error in a line, or with all that is known of it. */
export function errorText(error: unknown, isVerbose: boolean): string {
  if (isVerbose) return `millrace: ${inspect(error)}`;
  return `millrace: ${textOf(error).split('\n')[0] ?? ''}`;
}

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fieldOf } from '../base/error-parts.ts';
import { messageOf, textOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import { pathText } from '../observe/failures.ts';
import { cleanText } from './terminal-text.ts';

/** What there is to know of a failure: a line that says what failed and why, and what may explain it. */
export interface FailureStory {
  readonly text: string;
  /** More of its message, where it was thrown, what has caused it, how the step was come to, and what it said last. */
  readonly details: readonly string[];
}

const mostMessageLines = 3;
const mostCauses = 3;
/** Steps may be within steps; what says so of itself may be a circle. */
const mostDepth = 100;

/** Tells a failure. @param logs - what the step said last */
export function storyOf(stepId: string, error: unknown, logs: readonly string[]): FailureStory {
  const cause = causeOf(error);
  const [first = '', ...more] = linesOf(nameAndText(cause));
  const attempts = cause === error ? undefined : fieldOf(error as object, 'attempts');
  const tries = typeof attempts === 'number' && attempts > 1 ? ` (${String(attempts)} attempts)` : '';
  return {
    text: cleanText(`${stepId}${tries}: ${first}`),
    details: [
      ...more.slice(0, mostMessageLines - 1),
      ...placeOf(cause),
      ...causesOf(cause),
      ...chainOf(error),
      ...logs.map((line) => `log: ${line}`),
    ].map(cleanText),
  };
}

/** What the step threw: that it failed, and which it is, is said already. */
function causeOf(error: unknown): unknown {
  let found = error;
  // What failed within a subflow or a fan-out is told by the innermost.
  for (let depth = 0; depth < mostDepth; depth++) {
    if (typeof found !== 'object' || found === null || fieldOf(found, 'code') !== 'STEP_FAILED') break;
    found = fieldOf(found, 'cause') ?? found;
  }
  return found;
}

/** What an error says, with its name where that isn't just `Error`. */
export function nameAndText(error: unknown): string {
  return typeof error === 'string' ? error : messageOf(error);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function causesOf(error: unknown): string[] {
  const found = new Set([error]);
  for (let cause = causeIn(error); cause !== undefined && !found.has(cause); cause = causeIn(cause)) {
    found.add(cause);
    if (found.size > mostCauses) break;
  }
  return [...found].slice(1).map((cause) => `caused by ${linesOf(nameAndText(cause))[0] ?? textOf(cause)}`);
}

function causeIn(error: unknown): unknown {
  return isError(error) ? fieldOf(error, 'cause') : undefined;
}

/** The first place in the stack that is neither the host's nor a library's. */
function placeOf(error: unknown): string[] {
  const stack = isError(error) ? fieldOf(error, 'stack') : undefined;
  if (typeof stack !== 'string') return [];
  const frame = stack
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line.startsWith('at ') && /[\\/]/.test(line) && !isForeign.test(line));
  // Who calls a step is of no interest, and what its function is called neither.
  const place =
    frame === undefined ? undefined : (/\(([^()]+)\)$/.exec(frame)?.[1] ?? frame.slice('at '.length));
  return place === undefined ? [] : [`at ${place.replace(/^(.*?)((?::\d+){0,2})$/, shortened)}`];
}

const isForeign = /node:|[\\/]node_modules[\\/]/;

/** As short as it is where people are who started the program. */
function shortened(whole: string, file: string, lineAndColumn: string): string {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const short = relative(process.cwd(), path);
    return `${short.length < path.length ? short : path}${lineAndColumn}`;
  } catch {
    return whole;
  }
}

function chainOf(error: unknown): string[] {
  const chain = typeof error === 'object' && error !== null ? fieldOf(error, 'chain') : undefined;
  if (!Array.isArray(chain) || chain.length <= 1) return [];
  return [
    `by way of ${pathText(chain.map(textOf))
      .trim()
      .replace(/^\(|\)$/g, '')}`,
  ];
}

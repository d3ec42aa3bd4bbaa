import type { ErrorParts } from '../base/error-parts.ts';
import { inspectValue } from '../base/inspect.ts';
import { encodeJson, type JsonForm } from '../base/json-encoder.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';

/** An error as the page gets it: plain JSON. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  /** The path that led to the step, of a `StepFailedError`. */
  readonly chain?: readonly string[];
  readonly cause?: unknown;
  /** The failures, of an error that holds several. */
  readonly errors?: readonly unknown[];
}

const kept: ReadonlySet<string> = new Set<keyof PlainError>([
  'name',
  'message',
  'code',
  'stack',
  'chain',
  'cause',
  'errors',
]);

/** For reading by people: what JSON has no word for is a text. */
const pageForm: JsonForm = {
  deepest: 8,
  widest: 100,
  most: 10_000,
  isKept: (key) => kept.has(key),
  odd: (kind, value) => {
    switch (kind) {
      case 'number':
      case 'bigint':
        return inspectValue(value);
      case 'date':
        return dateText(value as number);
      default:
        return value;
    }
  },
  record: (entries) => Object.fromEntries(entries),
  error: plainError,
};

/** A value as the page shows it. Never throws. */
export function plainValue(value: unknown): unknown {
  return encodeJson(value, pageForm);
}

/** An event whose errors, reasons and data are plain JSON, whatever was thrown or given. */
export function plainEvent(event: ProgressEvent): ProgressEvent {
  switch (event.type) {
    case 'step-retrying':
    case 'step-failed':
    case 'run-failed':
      return { ...event, error: plainValue(event.error) };
    case 'warning':
      return event.error === undefined ? event : { ...event, error: plainValue(event.error) };
    case 'run-cancelled':
      return { ...event, reason: plainValue(event.reason) };
    case 'log':
      return event.data === undefined ? event : { ...event, data: plainValue(event.data) };
    default:
      return event;
  }
}

function plainError({ fields }: ErrorParts): PlainError {
  const { name, message, code, stack, chain, cause, errors } = Object.fromEntries(fields) as Partial<
    Record<keyof PlainError, unknown>
  >;
  return {
    name: text(name),
    message: text(message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(Array.isArray(chain) ? { chain: chain.map(text) } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(Array.isArray(errors) ? { errors } : {}),
  };
}

/** What should be a text, whatever it is: an error may have anything for a message. */
function text(part: unknown): string {
  if (typeof part === 'string') return part;
  return part === undefined ? 'undefined' : JSON.stringify(part);
}

function dateText(ms: number): string {
  // eslint-disable-next-line no-restricted-syntax -- a time that was given, not one that is read
  return Number.isNaN(ms) ? 'an invalid Date' : new Date(ms).toISOString();
}

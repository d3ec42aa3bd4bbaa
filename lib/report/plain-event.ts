import type { ProgressEvent } from '../run/progress-event.ts';

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

/** Beyond this a chain of causes, or of values in values, is cut. */
const deepest = 8;

/** An event whose errors, reasons and data are plain JSON, whatever was thrown or given. */
export function plainEvent(event: ProgressEvent): ProgressEvent {
  switch (event.type) {
    case 'step-retrying':
    case 'step-failed':
    case 'run-failed':
      return { ...event, error: plain(event.error) };
    case 'warning':
      return event.error === undefined ? event : { ...event, error: plain(event.error) };
    case 'run-cancelled':
      return { ...event, reason: plain(event.reason) };
    case 'log':
      return event.data === undefined ? event : { ...event, data: plain(event.data) };
    default:
      return event;
  }
}

function plain(value: unknown, depth = 0): unknown {
  if (depth >= deepest) return '…';
  if (value instanceof Error) return plainError(value, depth);
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.slice(0, 100).map((item) => plain(item, depth + 1));
      return plainRecord(value, depth);
    default:
      return String(value);
  }
}

function plainError(error: Error, depth: number): PlainError {
  const { name, message, stack, cause } = error;
  const { code, chain, errors } = error as { code?: unknown; chain?: unknown; errors?: unknown };
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(Array.isArray(chain) ? { chain: chain.map(String) } : {}),
    ...(cause === undefined ? {} : { cause: plain(cause, depth + 1) }),
    ...(Array.isArray(errors) ? { errors: errors.slice(0, 100).map((item) => plain(item, depth + 1)) } : {}),
  };
}

function plainRecord(value: object, depth: number): unknown {
  try {
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, 100)
        .map(([key, item]) => [key, plain(item, depth + 1)]),
    );
  } catch {
    // A getter or a proxy that throws must not cost the report.
    return '[unreadable]';
  }
}

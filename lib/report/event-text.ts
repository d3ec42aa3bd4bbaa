import type { ProgressEvent } from '../observe/progress-event.ts';
import { type PlainError, plainEvent } from './plain-event.ts';

/** Beyond so many characters, what users have given is cut: nobody reads more of it on a page that goes on. */
const mostText = 16_000;
const mostMessage = 4_000;
const mostPart = 8_000;

/** An event as JSON for the page, of bounded length whatever was thrown or given. */
export function eventText(event: ProgressEvent): string {
  const plain = plainEvent(event);
  const json = JSON.stringify(plain);
  return json.length <= mostText ? json : JSON.stringify(clippedEvent(plain));
}

function clippedEvent(event: ProgressEvent): ProgressEvent {
  switch (event.type) {
    case 'step-retrying':
    case 'step-failed':
    case 'run-failed':
      return { ...event, error: clippedError(event.error) };
    case 'warning':
      return {
        ...event,
        message: clip(event.message, mostMessage),
        ...(event.error === undefined ? {} : { error: clippedError(event.error) }),
      };
    case 'run-cancelled':
      return { ...event, reason: clippedError(event.reason) };
    case 'log':
      return {
        ...event,
        message: clip(event.message, mostMessage),
        ...(event.data === undefined ? {} : { data: clippedValue(event.data) }),
      };
    case 'step-progress':
      return { ...event, message: clip(event.message ?? '', mostMessage) };
    default:
      return event;
  }
}

/** Its causes go: what is left says what happened, and a report of the run has all of it. */
function clippedError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('name' in error && 'message' in error))
    return clippedValue(error);
  const { name, message, code, stack, chain } = error as PlainError;
  return {
    name: clip(name, 200),
    message: clip(message, mostMessage),
    ...(code === undefined ? {} : { code: clip(code, 200) }),
    ...(stack === undefined ? {} : { stack: clip(stack, mostPart) }),
    ...(chain === undefined ? {} : { chain: chain.slice(-20).map((id) => clip(id, 200)) }),
  };
}

function clippedValue(value: unknown): string {
  return clip(typeof value === 'string' ? value : JSON.stringify(value), mostPart);
}

function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${String(text.length - most)} more)`;
}

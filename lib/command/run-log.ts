import { existsSync, statSync } from 'node:fs';
import { textOf } from '../base/inspect.ts';
import type { EventLog } from '../node/event-log.ts';
import { readJsonLines } from '../node/read-json-lines.ts';
import { cleanText } from '../node/terminal-text.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { openStore } from './open-store.ts';
import { jsonText } from './terminal.ts';

/** The events of what is named: a file that `writeJsonLines` wrote, or a run in the store. */
export async function logOf(named: string, store: string): Promise<EventLog> {
  if (existsSync(named) && statSync(named).isFile()) return await readJsonLines(named);
  try {
    return await openStore(store).events(named);
  } catch (error) {
    // Whoever names a log means a file, where no run is called so.
    if (named.endsWith('.jsonl')) return await readJsonLines(named);
    throw error;
  }
}

/** What steps had to say, what failed and what deserves attention: an event as a line, if it is one of these. */
export function logLine(event: ProgressEvent): string | undefined {
  switch (event.type) {
    case 'log':
      return line(event.at, event.stepId, event.message, event.data);
    case 'warning':
      return line(event.at, event.stepId, `warning: ${event.message}`, event.error);
    case 'step-retrying':
      return line(event.at, event.stepId, `attempt ${String(event.attempt)} failed: ${textOf(event.error)}`);
    case 'step-failed':
      return line(event.at, event.stepId, textOf(event.error));
    case 'run-failed':
      return line(event.at, '', `the run failed: ${textOf(event.error)}`);
    case 'run-cancelled':
      return line(
        event.at,
        '',
        `the run was cancelled${event.reason === undefined ? '' : `: ${textOf(event.reason)}`}`,
      );
    default:
      return undefined;
  }
}

const times = new Intl.DateTimeFormat('sv-SE', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

function line(at: number, stepId: string, message: string, data?: unknown): string {
  const who = stepId === '' ? '' : `  ${cleanText(stepId)}`;
  const more = data === undefined ? '' : `  ${cleanText(jsonText(data))}`;
  return `${times.format(at).replace(',', '.')}${who}  ${cleanText(message)}${more}`;
}

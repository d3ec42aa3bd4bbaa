import { inspect } from 'node:util';
import { VirtualTime } from 'millrace/testing';
import type { ProgressEvent, RunOutcome } from '../../lib/index.ts';

/** What happened in a run, as its steps' bodies, its subscribers and its scheduler saw it. */
type Happening =
  /** Something that was planned happens; it may be that a step's back-off is over. */
  | { readonly kind: 'tick'; readonly backOffOf: string | undefined }
  /** All that follows from the last of these has happened. */
  | { readonly kind: 'quiet'; readonly taken: Readonly<Record<string, number>> }
  /** The body of an attempt was called, was told to stop by its token or signal, was unsubscribed from or ended. */
  | {
      readonly kind: 'called';
      readonly stepId: string;
      readonly attempt: number;
      readonly inputs: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'told';
      readonly stepId: string;
      readonly attempt: number;
      readonly by: 'token' | 'signal';
    }
  | { readonly kind: 'torn down'; readonly stepId: string; readonly attempt: number }
  /** A finaliser of an attempt began; nothing of the attempt is left. */
  | {
      readonly kind: 'finalising';
      readonly stepId: string;
      readonly attempt: number;
      readonly finaliser: 'first' | 'last';
    }
  | { readonly kind: 'gone'; readonly stepId: string; readonly attempt: number }
  /** A clean-up began; it ended. */
  | {
      readonly kind: 'cleaning';
      readonly stepId: string;
      readonly output: unknown;
      readonly outcome: RunOutcome;
    }
  | { readonly kind: 'cleaned'; readonly stepId: string }
  /** The test is about to cancel the run. */
  | { readonly kind: 'cancelling'; readonly route: string }
  | { readonly kind: 'event'; readonly event: ProgressEvent }
  | { readonly kind: 'result'; readonly outputs: Readonly<Record<string, unknown>> }
  | { readonly kind: 'result completed' }
  | { readonly kind: 'result error'; readonly error: unknown }
  | { readonly kind: 'progress completed' };

/** A happening, and when it was. */
export type Entry = Happening & { readonly at: number };

/**
 * All that happened, in order.
 *
 * For this project only: it is finer than a `Recording`. It knows what bodies see of their end, and between two ticks one thing leads
 * to another, where a recording knows moments.
 */
export class Journal {
  readonly entries: Entry[] = [];
  /** The virtual time in which it happens. */
  readonly time = new VirtualTime();

  add(happening: Happening, at = this.time.now): void {
    this.entries.push({ at, ...happening });
  }

  /** The entries of one kind. */
  all<Kind extends Happening['kind']>(kind: Kind): Extract<Entry, { kind: Kind }>[] {
    return this.entries.filter((entry): entry is Extract<Entry, { kind: Kind }> => entry.kind === kind);
  }

  get events(): ProgressEvent[] {
    return this.all('event').map(({ event }) => event);
  }

  toString(): string {
    return this.entries
      .map((entry) => (entry.kind === 'tick' ? '' : `  ${String(entry.at).padStart(6)}  ${describe(entry)}`))
      .join('\n')
      .replace(/\n\n+/g, '\n\n');
  }
}

function describe(entry: Entry): string {
  if (entry.kind !== 'event') {
    const { kind, at: _, ...rest } = entry;
    return `${kind} ${brief(rest)}`;
  }
  const { type, seq: _, at: __, runId: ___, ...rest } = entry.event;
  return `• ${type} ${brief(rest)}`;
}

function brief(fields: object): string {
  const shown = Object.entries(fields).map(([name, value]) => {
    const text =
      value instanceof Error
        ? value.message
        : typeof value === 'string'
          ? value
          : inspect(value, { breakLength: Infinity });
    return name === 'stepId' ? text : `${name} ${text}`;
  });
  return shown.join(', ');
}

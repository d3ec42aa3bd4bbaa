import type { ProgressEvent } from '../observe/progress-event.ts';
import { plainEvent } from './plain-event.ts';
import type { PicturedRun } from './timeline-of.ts';

/** What the page is sent of a run: what it is of, once, then what happens; and that it is forgotten. */
export type Sent =
  | { readonly kind: 'run'; readonly runId: string; readonly head: Omit<PicturedRun, 'events'> }
  | { readonly kind: 'event'; readonly runId: string; readonly event: ProgressEvent }
  | { readonly kind: 'forget'; readonly runId: string };

/**
 * Everything that was sent, by number, from 1. Clients read it at their own pace: nothing is kept for one of them.
 *
 * 1. Numbers have no end and are never given twice.
 * 2. What is forgotten leaves a gap, so that a client who comes later gets none of it.
 * 3. What is sent is written as JSON once, when the first client asks for it.
 */
export class DashboardLog {
  readonly #entries: (Sent | string | undefined)[] = [];
  readonly #ofRun = new Map<string, number[]>();

  /** How many numbers have been given. */
  get size(): number {
    return this.#entries.length;
  }

  add(sent: Sent): void {
    const places = this.#ofRun.get(sent.runId);
    if (places === undefined) this.#ofRun.set(sent.runId, [this.#entries.length]);
    else places.push(this.#entries.length);
    this.#entries.push(sent);
  }

  /** Drops what was sent of a run, and says so to those who follow. */
  forget(runId: string): void {
    for (const place of this.#ofRun.get(runId) ?? []) this.#entries[place] = undefined;
    this.#ofRun.delete(runId);
    this.#entries.push(JSON.stringify({ kind: 'forget', runId } satisfies Sent));
  }

  /** The entry with that number as JSON; `undefined` where it is forgotten. */
  read(number: number): string | undefined {
    const entry = this.#entries[number - 1];
    if (entry === undefined || typeof entry === 'string') return entry;
    const json = JSON.stringify(
      entry.kind === 'event' ? { ...entry, event: plainEvent(entry.event) } : entry,
    );
    this.#entries[number - 1] = json;
    return json;
  }
}

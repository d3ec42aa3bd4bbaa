import { Forecast } from '../../operators/forecast.ts';
import { fieldOf } from '../base/error-parts.ts';
import { messageOf, textOf } from '../base/inspect.ts';
import { Descent } from '../observe/descent.ts';
import { type Origin, originIn, type ProgressEvent } from '../observe/progress-event.ts';
import { cleanText } from './terminal-text.ts';

/** A step that runs. */
export interface RunningStep {
  readonly stepId: string;
  /** The id as it can be shown. */
  readonly id: string;
  readonly attempt: number;
  /** When this attempt started. */
  readonly startedAt: number;
  /** How far it is, where it or what has come of it says so. */
  fraction: number | undefined;
  message: string;
}

/** A line that deserves to be read. */
export interface Note {
  readonly kind: 'log' | 'warning' | 'retry' | 'failure';
  readonly text: string;
}

/** The notes that are kept for the next frame; what a step says a thousand times in a moment nobody reads. */
const mostNotes = 100;
/** The failures whose text is kept. */
const mostFailures = 100;

/** So that a look at every step costs no more than a few percent of the time. */
const stepsPerMs = 50;

/** What a person wants to see of a run beside its snapshot: a fold over its events, each in constant time. */
export class ProgressView {
  /** The workflow's own, in the order of their start. */
  readonly running = new Map<string, RunningStep>();
  /** The first failures, and how many there are. */
  readonly failures: string[] = [];
  failed = 0;
  /** How many outputs, at whatever level, no attempt of this run has made, by where they come from. */
  readonly origins = new Map<Origin, number>();
  /** What has come of these: told by numbers alone, since there may be a million. */
  readonly descent = new Descent();
  readonly #forecast: Forecast;
  #share = 0;
  #nextShareAt = -Infinity;
  startedAt: number | undefined;
  /** Whether it waited for other runs before it began. */
  isWaiting = false;
  /** The time of the latest event. */
  now = 0;
  /** How long the run took; `undefined` while it runs. */
  durationMs: number | undefined;
  /** Why it ended, where it didn't complete. */
  ending = '';
  /** Whether failures are notes too: where they don't stay on the screen by themselves. */
  notesFailures = false;
  #notes: Note[] = [];
  #dropped = 0;

  /** @param steps - the workflow's own */
  constructor(steps: ConstructorParameters<typeof Forecast>[0]) {
    this.#forecast = new Forecast(steps, {}, () => undefined);
  }

  add(event: ProgressEvent): void {
    this.now = event.at;
    this.descent.add(event);
    this.#forecast.add(event);
    switch (event.type) {
      case 'run-waiting':
        this.isWaiting = true;
        break;
      case 'run-started':
        this.startedAt = event.at;
        break;
      case 'step-started':
        this.#start(event);
        break;
      case 'step-progress':
        this.#progress(event);
        break;
      case 'step-retrying':
        this.running.delete(event.stepId);
        this.#note('retry', `${event.stepId} failed and is tried again: ${nameAndText(event.error)}`);
        break;
      case 'step-failed':
        this.running.delete(event.stepId);
        this.#fail(event.stepId, event.error);
        break;
      case 'step-completed': {
        this.running.delete(event.stepId);
        const origin = originIn(event);
        if (origin !== undefined) this.origins.set(origin, (this.origins.get(origin) ?? 0) + 1);
        break;
      }
      case 'step-cancelled':
        this.running.delete(event.stepId);
        break;
      case 'log':
        this.#note('log', `${event.stepId}: ${event.message}`);
        break;
      case 'warning':
        this.#note(
          'warning',
          event.error === undefined ? event.message : `${event.message}: ${nameAndText(event.error)}`,
        );
        break;
      case 'run-completed':
        this.durationMs = event.durationMs;
        break;
      case 'run-failed':
        this.durationMs = event.durationMs;
        if (this.failed === 0) this.ending = cleanText(nameAndText(event.error));
        break;
      case 'run-cancelled':
        this.durationMs = event.durationMs;
        if (event.reason !== undefined) this.ending = cleanText(textOf(event.reason));
        break;
      case 'step-added':
      case 'step-skipped':
      case 'step-offloaded':
      case 'holds-changed':
      case 'run-paused':
      case 'run-resumed':
      case 'limits-changed':
        break;
      default:
        event satisfies never;
    }
  }

  /** How far a running step is: by what came of it, else by what it says; `undefined` where nobody knows. Falls in no attempt. */
  fractionOf(step: RunningStep, now: number): number | undefined {
    const within = this.#forecast.fractionWithin(step.stepId, now);
    if (within !== undefined) step.fraction = Math.max(step.fraction ?? 0, within);
    return step.fraction;
  }

  /**
   * The share of the whole that is done, weighted by how long steps take where that is known, what comes of them included. Never falls.
   *
   * It costs a look at every step, so that the more there are, the more seldom it is worked out anew.
   */
  fraction(now: number): number {
    if (now < this.#nextShareAt) return this.#share;
    this.#nextShareAt = now + this.#forecast.total / stepsPerMs;
    this.#share = Math.max(this.#share, this.#forecast.fraction(now));
    return this.#share;
  }

  /** The notes since the last call. */
  takeNotes(): readonly Note[] {
    const notes = this.#notes;
    if (this.#dropped > 0) notes.push({ kind: 'log', text: `… and ${String(this.#dropped)} messages more` });
    this.#notes = [];
    this.#dropped = 0;
    return notes;
  }

  #start({ stepId, attempt, at }: ProgressEvent & { readonly type: 'step-started' }): void {
    if (this.descent.originOf(stepId) !== undefined) return;
    const id = cleanText(stepId);
    this.running.set(stepId, { stepId, id, attempt, startedAt: at, fraction: undefined, message: '' });
  }

  #progress({ stepId, fraction, message }: ProgressEvent & { readonly type: 'step-progress' }): void {
    const step = this.running.get(stepId);
    if (step === undefined) return;
    step.fraction = fraction;
    if (message !== undefined) step.message = message;
  }

  #fail(stepId: string, error: unknown): void {
    this.failed++;
    const text = cleanText(`${stepId}: ${nameAndText(causeOf(error))}`);
    if (this.failures.length < mostFailures) this.failures.push(text);
    if (this.notesFailures) this.#note('failure', text);
  }

  #note(kind: Note['kind'], text: string): void {
    if (this.#notes.length < mostNotes) this.#notes.push({ kind, text: cleanText(text) });
    else this.#dropped++;
  }
}

/** What the step threw: that it failed, and which it is, is said already. */
function causeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || fieldOf(error, 'code') !== 'STEP_FAILED') return error;
  return fieldOf(error, 'cause') ?? error;
}

function nameAndText(error: unknown): string {
  return typeof error === 'string' ? error : messageOf(error);
}

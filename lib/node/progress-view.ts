// Long because it is one fold: what each event changes in what a person sees of a run.
import { Forecast } from '../../operators/forecast.ts';
import type { Interval } from '../../operators/outlook.ts';
import { textOf } from '../base/inspect.ts';
import { Descent } from '../observe/descent.ts';
import { type Origin, originIn, type ProgressEvent, type StepRetrying } from '../observe/progress-event.ts';
import type { PicturedStep } from '../report/pictured-workflow.ts';
import { Bottleneck } from './bottleneck.ts';
import { type FailureStory, nameAndText, storyOf } from './failure-story.ts';
import { Slowest } from './slowest.ts';
import { StepVoices } from './step-voices.ts';
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

/** A step that has failed, and is tried again after a while. */
export interface WaitingStep {
  readonly stepId: string;
  /** The id as it can be shown. */
  readonly id: string;
  /** Which attempt comes next. */
  readonly attempt: number;
  /** When it is ready for that. */
  readonly until: number;
  /** Why the last one failed. */
  readonly why: string;
}

/** A line that deserves to be read. */
export interface Note {
  readonly kind: 'log' | 'warning' | 'retry' | 'failure';
  readonly text: string;
  /** What may explain it. */
  readonly details?: readonly string[];
}

/** The notes that are kept for the next frame; what a step says a thousand times in a moment nobody reads. */
const mostNotes = 100;
/** The failures whose text is kept. */
const mostFailures = 100;

/** What is left is looked at this often, in ms: a look takes many times as long as one at what is done. */
const leastLeftMs = 400;
const looksPerMs = 5;
/** How much longer than the least the most may be, for a guess to say something. */
const mostDoubt = 20;
/** So that a look at every step costs no more than a few percent of the time. */
const stepsPerMs = 50;

/** What a person wants to see of a run beside its snapshot: a fold over its events, each in constant time. */
export class ProgressView {
  /** The workflow's own, in the order of their start. */
  readonly running = new Map<string, RunningStep>();
  /** The workflow's own that are in a back-off, in the order in which they failed. */
  readonly backingOff = new Map<string, WaitingStep>();
  /** The first failures, and how many there are. */
  readonly failures: FailureStory[] = [];
  failed = 0;
  /** How many outputs, at whatever level, no attempt of this run has made, by where they come from. */
  readonly origins = new Map<Origin, number>();
  /** What has come of these: told by numbers alone, since there may be a million. */
  readonly descent = new Descent();
  /** Those that took longest. */
  readonly slowest = new Slowest();
  readonly bottleneck: Bottleneck;
  /** Of each of the workflow's own, what runs of what has come of it and when that started, the longest first. */
  readonly #within = new Map<string, Map<string, number>>();
  readonly #voices = new StepVoices();
  readonly #forecast: Forecast;
  #left: Interval | undefined;
  #nextLeftAt = -Infinity;
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

  /**
   * @param steps - the workflow's own
   * @param limits - how much there is of each resource class
   */
  constructor(steps: Iterable<PicturedStep>, limits: Readonly<Record<string, number>> = {}) {
    this.#forecast = new Forecast(steps, limits, () => undefined);
    this.bottleneck = new Bottleneck(steps);
  }

  add(event: ProgressEvent): void {
    this.now = event.at;
    this.#followWithin(event);
    this.descent.add(event);
    this.#forecast.add(event);
    this.slowest.add(event);
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
        this.#backOff(event);
        this.#note('retry', `${event.stepId} failed and is tried again: ${nameAndText(event.error)}`);
        break;
      case 'step-failed':
        this.#over(event.stepId);
        this.#fail(event.stepId, event.error);
        this.#voices.forget(event.stepId);
        break;
      case 'step-completed': {
        this.#over(event.stepId);
        this.#voices.forget(event.stepId);
        const origin = originIn(event);
        if (origin !== undefined) this.origins.set(origin, (this.origins.get(origin) ?? 0) + 1);
        break;
      }
      case 'step-cancelled':
        this.#over(event.stepId);
        this.#voices.forget(event.stepId);
        break;
      case 'log':
        this.#voices.add(event.stepId, cleanText(event.message));
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

  /** How long what is left takes; `undefined` where nobody can know, or it may be anything. As costly as the share, and as seldom. */
  remaining(now: number): Interval | undefined {
    if (now < this.#nextLeftAt) return this.#left;
    this.#nextLeftAt = now + Math.max(leastLeftMs, this.#forecast.total / looksPerMs);
    const left = this.startedAt === undefined ? undefined : this.#forecast.remaining(now);
    this.#left = left === undefined || left.high > mostDoubt * left.low ? undefined : left;
    return this.#left;
  }

  /** Of what has come of a step, the one that has run longest and still does. */
  longestWithin(stepId: string): { readonly id: string; readonly startedAt: number } | undefined {
    const [longest] = this.#within.get(stepId) ?? [];
    return longest === undefined ? undefined : { id: longest[0], startedAt: longest[1] };
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
    this.backingOff.delete(stepId);
    this.running.set(stepId, { stepId, id, attempt, startedAt: at, fraction: undefined, message: '' });
  }

  #progress({ stepId, fraction, message }: ProgressEvent & { readonly type: 'step-progress' }): void {
    const step = this.running.get(stepId);
    if (step === undefined) return;
    step.fraction = fraction;
    if (message !== undefined) step.message = message;
  }

  #backOff({ stepId, attempt, at, delayMs, error }: StepRetrying): void {
    if (this.descent.originOf(stepId) !== undefined) return;
    const why = cleanText(nameAndText(error));
    this.backingOff.set(stepId, {
      stepId,
      id: cleanText(stepId),
      attempt: attempt + 1,
      until: at + delayMs,
      why,
    });
  }

  #over(stepId: string): void {
    this.running.delete(stepId);
    this.backingOff.delete(stepId);
  }

  /** Asked before what is settled is forgotten. */
  #followWithin(event: ProgressEvent): void {
    if (!('stepId' in event)) return;
    const originId = this.descent.originOf(event.stepId);
    switch (event.type) {
      case 'step-started':
        if (originId === undefined) break;
        if (!this.#within.has(originId)) this.#within.set(originId, new Map());
        this.#within.get(originId)?.set(event.stepId, event.at);
        break;
      case 'step-retrying':
      case 'step-completed':
      case 'step-failed':
      case 'step-cancelled':
        if (originId === undefined) this.#within.delete(event.stepId);
        else this.#within.get(originId)?.delete(event.stepId);
        break;
      case 'step-added':
        // From here on others do the work of its parent.
        this.#within.get(this.descent.originOf(event.parentId) ?? '')?.delete(event.parentId);
        break;
      default:
        break;
    }
  }

  #fail(stepId: string, error: unknown): void {
    this.failed++;
    const isKept = this.failures.length < mostFailures;
    if (!isKept && !this.notesFailures) return;
    const story = storyOf(stepId, error, this.#voices.of(stepId));
    if (isKept) this.failures.push(story);
    if (this.notesFailures) this.#note('failure', story.text, story.details);
  }

  #note(kind: Note['kind'], text: string, details: readonly string[] = []): void {
    if (this.#notes.length < mostNotes) this.#notes.push({ kind, text: cleanText(text), details });
    else this.#dropped++;
  }
}

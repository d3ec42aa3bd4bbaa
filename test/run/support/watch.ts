import type { Need, ProgressEvent, Run, RunOptions, Workflow } from 'millrace';
import type { Recording } from 'millrace/testing';
import { VirtualTime } from 'millrace/testing';
import type { Subscription } from 'rxjs';
import { recordedStep } from '../../../lib/testing/recording.ts';
import { settlePromises } from './settle-promises.ts';

/** A run in virtual time, with everything it told. */
export class Watched<Outputs> {
  readonly time: VirtualTime;
  readonly run: Run<Outputs>;
  readonly events: ProgressEvent[] = [];
  /** What `result$` emitted, or undefined. */
  result: Outputs | undefined;
  /** What `result$` errored with, or undefined. */
  error: unknown;
  /** What came to an end, in order. */
  readonly ends: ('result$' | 'progress$')[] = [];
  readonly subscription: Subscription;
  readonly #options: RunOptions<Need>;
  readonly #limits: Readonly<Record<string, number>>;

  /** @param prepare - gets the run before it starts */
  constructor(
    workflow: Workflow<Outputs>,
    time: VirtualTime,
    options: RunOptions<Need>,
    prepare: (run: Run<Outputs>) => void = () => undefined,
  ) {
    this.time = time;
    this.run = workflow.run({ scheduler: time.scheduler, ...options });
    this.#options = options;
    this.#limits = Object.fromEntries(
      Object.entries(this.run.snapshot().resources).map(([name, { limit }]) => [name, limit]),
    );
    this.run.progress$.subscribe({
      next: (event) => this.events.push(event),
      error: (error: unknown) => {
        throw new Error('progress$ must never error', { cause: error });
      },
      complete: () => this.ends.push('progress$'),
    });
    prepare(this.run);
    this.subscription = this.run.result$.subscribe({
      next: (result) => {
        this.result = result;
      },
      error: (error: unknown) => {
        this.error = error;
        this.ends.push('result$');
      },
      complete: () => this.ends.push('result$'),
    });
  }

  get isOver(): boolean {
    return this.ends.includes('progress$');
  }

  /** Lets Promises settle, and then time pass up to what is planned next, in turns, until the run is over. */
  async untilOver(): Promise<this> {
    for (let turn = 0; turn < 1_000 && !this.isOver; turn++) {
      await settlePromises();
      this.time.advanceTo(this.time.next ?? this.time.now);
    }
    return this;
  }

  /** What happened, for laws and matchers that need no more than the events. */
  get recording(): Recording {
    const { workflow } = this.run;
    return {
      workflow: workflow.name,
      steps: Array.from(workflow.steps, (step) => recordedStep(step, false)),
      limits: this.#limits,
      maxOvertakes: this.#options.maxOvertakes ?? 64,
      isHeldBack: this.#options.plan !== undefined,
      trace: this.events.map((event) => ({ kind: 'event', event })),
      events: this.events,
      stoppedAt: undefined,
      outcome:
        this.result === undefined
          ? { kind: 'failed', error: this.error }
          : { kind: 'completed', outputs: this.result as Readonly<Record<string, unknown>> },
      metrics: this.run.metrics(),
    };
  }

  /** The events as short lines: the type, then the step. */
  get story(): string[] {
    return storyOf(this.events);
  }

  /** The events of one step, as types. */
  of(stepId: string): string[] {
    return this.events
      .filter((event) => 'stepId' in event && event.stepId === stepId)
      .map(({ type }) => type);
  }

  /** The one event of a type (of a step). */
  the<Type extends ProgressEvent['type']>(
    type: Type,
    stepId?: string,
  ): Extract<ProgressEvent, { type: Type }> {
    const found = this.all(type).filter(
      (event) => stepId === undefined || ('stepId' in event && event.stepId === stepId),
    );
    const [event] = found;
    if (event === undefined || found.length > 1) {
      throw new Error(
        `expected one ${type} event, there are ${String(found.length)}:\n${this.story.join('\n')}`,
      );
    }
    return event;
  }

  /** All events of a type. */
  all<Type extends ProgressEvent['type']>(type: Type): Extract<ProgressEvent, { type: Type }>[] {
    return this.events.filter(
      (event): event is Extract<ProgressEvent, { type: Type }> => event.type === type,
    );
  }
}

/** The events as short lines: the type, then the step. */
export function storyOf(events: readonly ProgressEvent[]): string[] {
  return events.map((event) => ('stepId' in event ? `${event.type} ${event.stepId}` : event.type));
}

/** Starts a run and lets virtual time pass until nothing more happens. */
export function play<Outputs>(
  workflow: Workflow<Outputs>,
  options: RunOptions<Need> = {},
  time = new VirtualTime(),
): Watched<Outputs> {
  const watched = new Watched(workflow, time, options);
  time.flush();
  return watched;
}

/** Starts a run, and leaves it to the test to let time pass. */
export function watch<Outputs>(
  workflow: Workflow<Outputs>,
  time: VirtualTime,
  options: RunOptions<Need> = {},
): Watched<Outputs> {
  return new Watched(workflow, time, options);
}

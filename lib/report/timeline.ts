// Long because it is one list: what each event, and a beginning, changes in the picture.
import { Forecast } from '../../operators/forecast.ts';
import { stepsIn } from '../base/step-list.ts';
import { accountOf, type CriticalStep, criticalPathOf } from '../observe/critical-steps.ts';
import { Descent } from '../observe/descent.ts';
import { Holdings } from '../observe/holdings.ts';
import { originIn, type ProgressEvent, type StepAdded, type StepStarted } from '../observe/progress-event.ts';
import type { StepSnapshot } from '../observe/run-snapshot.ts';
import type { RunStatus } from '../observe/run-view.ts';
import { type AttemptSpan, AttemptSpans } from './attempt-spans.ts';
import { type ClassUse, classUse, type Usage } from './class-use.ts';
import { textOf } from './error-text.ts';
import type { PicturedSnapshot } from './pictured-snapshot.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';
import { RunCosts } from './run-costs.ts';
import { newStory, type StepStory } from './step-story.ts';

/** A fan-out may have a million children; so many are kept by name. */
const mostChildren = 100_000;

/** Something worth reading: a log of a step, a warning, a failure. */
export interface Remark {
  readonly kind: 'log' | 'warning' | 'retry' | 'failure';
  readonly at: number;
  readonly stepId: string | undefined;
  readonly message: string;
  readonly error: unknown;
}

/**
 * What a run has been through, folded from its events: what every picture is drawn from.
 *
 * 1. Events are added in the order of `seq`; one that was added before is ignored, so that a stream may be replayed.
 * 2. Nothing is assumed of steps that no event names: they wait.
 */
export class Timeline {
  readonly workflow: PicturedWorkflow;
  readonly limits: Readonly<Record<string, number>>;
  readonly steps: ReadonlyMap<string, StepStory>;
  readonly remarks: Remark[] = [];
  /** How much of each class was taken, from when to when: a point a change. */
  readonly usage = new Map<string, Usage[]>();
  /** The capacity of each class, a point a change. */
  readonly capacity = new Map<string, Usage[]>();
  /** What has come of the steps while the run was under way, as far as there is room, by id. */
  readonly children = new Map<string, StepStory>();
  /** Those of them that each has brought, in the order in which they came. */
  readonly broughtBy = new Map<string, StepStory[]>();
  /** What the run has spent its time on. */
  readonly costs = new RunCosts();
  /** What has come of the steps: in numbers. */
  readonly descent = new Descent();
  runId: string | undefined;
  status: RunStatus = 'idle';
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** The time of the latest event. */
  now = 0;
  error: unknown;
  #seq = -Infinity;
  /** Absent where nothing is to be foretold. */
  readonly #forecast: Forecast | undefined;
  readonly #spans = new AttemptSpans();
  readonly #holdings = new Holdings();
  /** By whose end, or choice, each step became ready. */
  readonly #readyBy = new Map<string, string>();
  readonly #skippedAt = new Map<string, number>();

  /** @param foretells - whether it is asked how far what runs is; of a run that is over nobody asks */
  constructor(workflow: PicturedWorkflow, limits: Readonly<Record<string, number>>, foretells = true) {
    this.workflow = workflow;
    this.limits = limits;
    this.steps = new Map(stepsIn(workflow.steps).map((info) => [info.id, newStory(info)]));
    this.#forecast = foretells ? new Forecast(workflow.steps, limits, () => undefined) : undefined;
  }

  /** Takes in where the run stood before the first event: a bar a step, since of attempts nothing more is known. */
  begin({ runId, status, startedAt, endedAt, at, steps }: PicturedSnapshot): void {
    this.runId = runId;
    this.status = status;
    this.startedAt = startedAt ?? undefined;
    this.endedAt = endedAt ?? undefined;
    const all = stepsIn(steps);
    this.now = startedAt ?? 0;
    for (const [name, limit] of Object.entries(this.limits)) this.#note(this.capacity, name, limit);
    const times = all.flatMap((step) => [step.startedAt ?? 0, step.endedAt ?? 0]);
    this.now = at ?? endedAt ?? times.reduce((latest, time) => Math.max(latest, time), this.now);
    for (const { id, readyBy } of all) if (readyBy !== null) this.#readyBy.set(id, readyBy);
    const endOf = new Map(all.map((step) => [step.id, step.endedAt]));
    for (const step of all) {
      const { id, attempts, fraction, children } = step;
      const decidedAt = endOf.get(step.readyBy ?? '') ?? startedAt ?? undefined;
      this.#change(id, {
        status: step.status,
        attempts,
        readyAt: step.startedAt === null ? undefined : decidedAt,
        startedAt: step.startedAt ?? undefined,
        endedAt: step.endedAt ?? undefined,
        waited: step.waited,
        fraction: fraction ?? undefined,
        origin: step.origin,
      });
      if (children !== undefined) this.descent.begin(id, children);
    }
    const begun = all.filter((step) => step.startedAt !== null);
    for (const step of begun.sort((left, right) => (left.startedAt ?? 0) - (right.startedAt ?? 0)))
      this.#spanOf(step);
  }

  #spanOf({ id, attempts, status, startedAt, endedAt }: StepSnapshot): void {
    this.#spans.start(id, attempts, startedAt ?? 0, this.steps.get(id)?.info);
    if (endedAt === null) return;
    const outcome = status === 'completed' || status === 'cancelled' ? status : 'failed';
    this.#spans.end(id, outcome, endedAt);
  }

  /** Takes in one event; gives whether it was new. */
  add(event: ProgressEvent): boolean {
    if (event.seq <= this.#seq) return false;
    this.#seq = event.seq;
    this.now = event.at;
    this.descent.add(event);
    this.costs.add(event);
    this.#forecast?.add(event);
    if (this.#holdings.add(event))
      for (const [name, taken] of this.#holdings.taken) this.#note(this.usage, name, taken);
    this.runId ??= event.runId;
    switch (event.type) {
      case 'run-waiting':
        this.status = 'waiting';
        break;
      case 'run-started':
        this.status = 'running';
        this.startedAt = event.at;
        for (const [name, limit] of Object.entries(this.limits)) {
          // It may have changed while the run waited.
          const latest = this.capacity.get(name)?.at(-1)?.taken ?? limit;
          this.#note(this.capacity, name, latest);
        }
        break;
      case 'step-started':
        this.#start(event);
        break;
      case 'step-offloaded':
        this.#spans.offload(event.stepId, event.thread, event.at);
        this.#change(event.stepId, { offloadedAt: event.at });
        break;
      case 'step-progress':
        this.#change(event.stepId, { fraction: event.fraction, message: event.message });
        break;
      case 'step-retrying':
        this.#spans.stop(event.stepId, 'failed', event.at);
        this.#change(event.stepId, {
          status: 'retrying',
          error: event.error,
          fraction: undefined,
          retryAt: event.at + event.delayMs,
        });
        this.#remark('retry', event.stepId, textOf(event.error), event.error);
        break;
      case 'step-completed':
        this.#end(event.stepId, 'completed', event.at);
        this.#change(event.stepId, { origin: originIn(event) });
        break;
      case 'step-failed':
        this.#end(event.stepId, 'failed', event.at);
        this.#change(event.stepId, { error: event.error });
        this.#remark('failure', event.stepId, textOf(event.error), event.error);
        break;
      case 'step-cancelled':
        this.#end(event.stepId, 'cancelled', event.at);
        break;
      case 'step-skipped':
        this.#change(event.stepId, {
          status: 'skipped',
          skipped: { reason: event.reason, because: event.because },
        });
        this.#skippedAt.set(event.stepId, event.at);
        if (event.readyBy !== undefined) this.#readyBy.set(event.stepId, event.readyBy);
        break;
      case 'log':
        this.#remark('log', event.stepId, event.message, event.data);
        break;
      case 'warning':
        this.#remark('warning', event.stepId, event.message, event.error);
        break;
      case 'limits-changed':
        for (const [name, limit] of Object.entries(event.limits)) this.#note(this.capacity, name, limit);
        break;
      case 'step-added':
        this.#spans.come(event.stepId, event.demand);
        this.#come(event);
        break;
      case 'holds-changed':
      case 'run-paused':
      case 'run-resumed':
        break;
      case 'run-completed':
        this.#finish('completed', event.at);
        break;
      case 'run-failed':
        this.#finish('failed', event.at);
        this.error = event.error;
        break;
      case 'run-cancelled':
        this.#finish('cancelled', event.at);
        this.error = event.reason;
        break;
      default:
        // An event of a later version has nothing to say to these pictures.
        event satisfies never;
    }
    return true;
  }

  /** The step of an id: one of the workflow's own, or one that came of these. */
  storyOf(id: string): StepStory | undefined {
    return this.steps.get(id) ?? this.children.get(id);
  }

  /** How much was used of each resource class, the busiest first. */
  uses(): ClassUse[] {
    const from = this.startedAt ?? this.now;
    const to = this.endedAt ?? this.now;
    const names = [...this.usage.keys()];
    return names
      .map((name) => classUse(name, this.usage.get(name) ?? [], this.capacity.get(name) ?? [], from, to))
      .sort((left, right) => right.utilisation - left.utilisation);
  }

  /** How many steps ran at once on average, what came of them included. */
  get parallelism(): number | undefined {
    const total = this.startedAt === undefined ? 0 : (this.endedAt ?? this.now) - this.startedAt;
    return total > 0 ? this.costs.busyMs(this.endedAt ?? this.now) / total : undefined;
  }

  get attempts(): readonly AttemptSpan[] {
    return this.#spans.all;
  }

  /** The first ones of what has come of the steps, and how many more there were. */
  get attemptsWithin(): readonly AttemptSpan[] {
    return this.#spans.within;
  }

  get leftOut(): number {
    return this.#spans.leftOut;
  }

  /** How long a step took, from the start of its first attempt, up to now where it still runs; in ms. */
  durationOf(story: StepStory): number | undefined {
    if (story.startedAt === undefined) return undefined;
    return (story.endedAt ?? this.now) - story.startedAt;
  }

  /** How far a running step is: by what came of it, as far as that is known, else by what it says; `undefined` where nobody knows. */
  fractionOf({ info, status, fraction }: StepStory): number | undefined {
    if (status !== 'running') return undefined;
    return this.#forecast?.fractionWithin(info.id, this.now) ?? fraction;
  }

  /** The step by whose end, or choice, a step became ready, or was skipped. */
  readyByOf(id: string): string | undefined {
    return this.#readyBy.get(id);
  }

  /** The chain of steps that decided how long it took: each one after the step by which it became ready. */
  criticalPath(): string[] {
    return this.#criticalStories().map(({ info }) => info.id);
  }

  /** The same steps with the account of their time. */
  criticalSteps(): CriticalStep[] {
    const path = this.#criticalStories().map(({ info, ...story }) => ({ id: info.id, ...story }));
    return accountOf(path, this.startedAt ?? 0);
  }

  #criticalStories(): StepStory[] {
    return criticalPathOf(
      [...this.steps.values()],
      this.status,
      (story) => story,
      ({ info }) => this.steps.get(this.readyByOf(info.id) ?? ''),
    );
  }

  #start({ stepId, attempt, readyBy, waited }: StepStarted): void {
    const story = this.storyOf(stepId);
    this.#spans.start(stepId, attempt, this.now, this.steps.get(stepId)?.info);
    if (story === undefined) return;
    if (story.startedAt === undefined) {
      story.startedAt = this.now;
      if (readyBy !== undefined) this.#readyBy.set(stepId, readyBy);
      const decidedAt = this.storyOf(readyBy ?? '')?.endedAt ?? this.#skippedAt.get(readyBy ?? '');
      story.readyAt =
        decidedAt ?? (story.parentId === undefined ? this.startedAt : story.readyAt) ?? this.now;
    }
    if (attempt === 1) story.waited = waited;
    story.lastStart = this.now;
    story.offloadedAt = undefined;
    story.retryAt = undefined;
    story.status = 'running';
    story.attempts = attempt;
    story.endedAt = undefined;
  }

  #come({ stepId, parentId, dependsOn, demand }: StepAdded): void {
    if (this.children.size >= mostChildren) return;
    const story = newStory({ id: stepId, dependsOn, demand }, parentId);
    story.readyAt = this.now;
    this.children.set(stepId, story);
    const others = this.broughtBy.get(parentId);
    if (others === undefined) this.broughtBy.set(parentId, [story]);
    else others.push(story);
  }

  #end(id: string, status: 'completed' | 'failed' | 'cancelled', at: number): void {
    this.#spans.end(id, status, at);
    this.#change(id, { status, fraction: undefined });
    const story = this.storyOf(id);
    if (story?.startedAt !== undefined) story.endedAt = at;
  }

  #finish(status: RunStatus, at: number): void {
    this.status = status;
    this.endedAt = at;
  }

  #change(id: string, change: Partial<Omit<StepStory, 'info'>>): void {
    const story = this.storyOf(id);
    if (story !== undefined) Object.assign(story, change);
  }

  #remark(kind: Remark['kind'], stepId: string | undefined, message: string, error: unknown): void {
    this.remarks.push({ kind, at: this.now, stepId, message, error });
  }

  #note(column: Map<string, Usage[]>, name: string, taken: number): void {
    const points = column.get(name);
    const point = { at: this.now, taken };
    if (points === undefined) column.set(name, [point]);
    // What changes twice at one moment has one value there: the last.
    else if (points.at(-1)?.at === this.now) points[points.length - 1] = point;
    else points.push(point);
  }
}

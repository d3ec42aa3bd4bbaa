import type { Demand } from '../admission/demand.ts';
import { textOf as messageText } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import type { SpecialNeed, StepKind } from '../definition/workflow-info.ts';
import { Descent } from '../run/descent.ts';
import type { RunStatus } from '../run/engine.ts';
import type { ProgressEvent, SkipReason } from '../run/progress-event.ts';
import type { StepStatus } from '../run/run-state.ts';
import { plainValue } from './plain-event.ts';

/** What a picture has to know of a workflow: a `Workflow` is one, and so is the head of a log. */
export interface PicturedWorkflow {
  /** The name. */
  readonly name: string;
  /** The steps, in the order of definition. */
  readonly steps: readonly PicturedStep[];
}

/** What a picture has to know of a step. */
export interface PicturedStep {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs. */
  readonly dependsOn: readonly string[];
  /** What it takes of each resource class. */
  readonly demand?: Demand | undefined;
  /** What it is. @defaultValue a step of its own function */
  readonly kind?: StepKind | undefined;
  /** Those of `dependsOn` for whose output it doesn't simply wait. */
  readonly specialNeeds?: readonly SpecialNeed[] | undefined;
  /** Whether it starts only if a branch is chosen that needs it. */
  readonly isConditional?: boolean | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
  /** The group it belongs to. */
  readonly group?: string | undefined;
  /** Its labels. */
  readonly tags?: readonly string[] | undefined;
}

/** One attempt of a step. Times in ms of the run's clock. */
export interface AttemptSpan {
  readonly stepId: string;
  readonly attempt: number;
  /** What it takes of each resource class. */
  readonly demand: Demand | undefined;
  readonly from: number;
  /** The thread that its work was given to, where it was; and when. */
  thread: string | undefined;
  threadFrom: number | undefined;
  /** `undefined` while it runs. */
  to: number | undefined;
  outcome: 'running' | 'completed' | 'failed' | 'cancelled';
}

/** Where a step stands, and what it has been through. */
export interface StepStory {
  readonly info: PicturedStep;
  status: StepStatus;
  /** When the last dependency had settled; `undefined` where one hasn't. */
  readyAt: number | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  attempts: number;
  fraction: number | undefined;
  message: string | undefined;
  error: unknown;
  /** Of one that was skipped: why. */
  skipped: { readonly reason: SkipReason; readonly because: string } | undefined;
}

/** Something worth reading: a log of a step, a warning, a failure. */
export interface Remark {
  readonly kind: 'log' | 'warning' | 'retry' | 'failure';
  readonly at: number;
  readonly stepId: string | undefined;
  readonly message: string;
  readonly error: unknown;
}

/** How much of a resource class is taken from some moment on. */
export interface Usage {
  readonly at: number;
  readonly taken: number;
}

/** A fan-out may have a million children; so many attempts are kept of what comes of steps. */
const mostWithin = 10_000;

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
  readonly attempts: AttemptSpan[] = [];
  /** The first ones of what has come of the steps, and how many more there were. */
  readonly attemptsWithin: AttemptSpan[] = [];
  leftOut = 0;
  readonly remarks: Remark[] = [];
  /** How much of each class was taken, from when to when: a point a change. */
  readonly usage = new Map<string, Usage[]>();
  /** The capacity of each class, a point a change. */
  readonly capacity = new Map<string, Usage[]>();
  /** What has come of the steps: in numbers. */
  readonly descent = new Descent();
  runId: string | undefined;
  status: RunStatus = 'idle';
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** The time of the latest event. */
  now = 0;
  error: unknown;
  #seq = 0;
  readonly #running = new Map<string, AttemptSpan>();
  readonly #abandoned = new Set<string>();
  /** What the steps hold that came while the run was under way; those that aren't over. */
  readonly #children = new Map<string, { readonly demand: Demand; holds: boolean }>();
  /** The steps that have given back what they held, as steps of their own took over. */
  readonly #hosts = new Set<string>();

  constructor(workflow: PicturedWorkflow, limits: Readonly<Record<string, number>>) {
    this.workflow = workflow;
    this.limits = limits;
    this.steps = new Map(
      workflow.steps.map((info) => [
        info.id,
        {
          info,
          status: 'waiting',
          readyAt: undefined,
          startedAt: undefined,
          endedAt: undefined,
          attempts: 0,
          fraction: undefined,
          message: undefined,
          error: undefined,
          skipped: undefined,
        },
      ]),
    );
  }

  /** Takes in one event; gives whether it was new. */
  add(event: ProgressEvent): boolean {
    if (event.seq <= this.#seq) return false;
    this.#seq = event.seq;
    this.now = event.at;
    this.descent.add(event);
    this.runId ??= event.runId;
    switch (event.type) {
      case 'run-started':
        this.status = 'running';
        this.startedAt = event.at;
        for (const [name, limit] of Object.entries(this.limits)) this.#note(this.capacity, name, limit);
        break;
      case 'step-started':
        this.#start(event.stepId, event.attempt);
        break;
      case 'step-offloaded':
        this.#offload(event.stepId, event.thread);
        break;
      case 'step-progress':
        this.#change(event.stepId, { fraction: event.fraction, message: event.message });
        break;
      case 'step-retrying':
        this.#stop(event.stepId, 'failed');
        this.#change(event.stepId, { status: 'retrying', error: event.error, fraction: undefined });
        this.#remark('retry', event.stepId, textOf(event.error), event.error);
        break;
      case 'step-completed':
        this.#end(event.stepId, 'completed', event.at);
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
        break;
      case 'log':
        this.#remark('log', event.stepId, event.message, event.data);
        break;
      case 'warning':
        // Its body still runs, and holds what it took to the end.
        if (event.topic === 'abandoned') this.#abandoned.add(event.stepId);
        this.#remark('warning', event.stepId, event.message, event.error);
        break;
      case 'limits-changed':
        for (const [name, limit] of Object.entries(event.limits)) this.#note(this.capacity, name, limit);
        break;
      case 'step-added':
        this.#children.set(event.stepId, { demand: event.demand, holds: false });
        this.#giveBack(event.parentId);
        break;
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

  /** How long a step took, from the start of its first attempt, up to now where it still runs; in ms. */
  durationOf(story: StepStory): number | undefined {
    if (story.startedAt === undefined) return undefined;
    return (story.endedAt ?? this.now) - story.startedAt;
  }

  /** The chain of steps that decided how long it took: each one's last dependency to settle, up to the last step. */
  criticalPath(): string[] {
    const path: string[] = [];
    let current = latest(this.steps.values());
    while (current !== undefined) {
      path.push(current.info.id);
      current = latest(this.#storiesOf(current.info.dependsOn));
    }
    return path.reverse();
  }

  #storiesOf(ids: readonly string[]): StepStory[] {
    return ids.flatMap((id) => this.steps.get(id) ?? []);
  }

  #start(id: string, attempt: number): void {
    const story = this.steps.get(id);
    const child = this.#children.get(id);
    if (child !== undefined) {
      child.holds = true;
      this.#take(child.demand, 1);
      if (this.attemptsWithin.length < mostWithin)
        this.attemptsWithin.push(this.#begin(id, attempt, child.demand));
      else this.leftOut++;
    }
    if (story === undefined) return;
    this.#hosts.delete(id);
    if (story.startedAt === undefined) {
      story.startedAt = this.now;
      const ends = this.#storiesOf(story.info.dependsOn).map(({ endedAt }) => endedAt ?? this.now);
      story.readyAt = ends.reduce((last, end) => Math.max(last, end), this.startedAt ?? this.now);
    }
    story.status = 'running';
    story.attempts = attempt;
    story.endedAt = undefined;
    this.attempts.push(this.#begin(id, attempt, story.info.demand));
    this.#take(story.info.demand, 1);
  }

  #begin(stepId: string, attempt: number, demand: Demand | undefined): AttemptSpan {
    const span: AttemptSpan = {
      stepId,
      attempt,
      demand,
      from: this.now,
      thread: undefined,
      threadFrom: undefined,
      to: undefined,
      outcome: 'running',
    };
    this.#running.set(stepId, span);
    return span;
  }

  #offload(id: string, thread: string): void {
    const span = this.#running.get(id);
    if (span === undefined) return;
    span.thread = thread;
    span.threadFrom = this.now;
  }

  /** What a step held that has handed its work to others; a fan-out over a stream keeps it. */
  #giveBack(id: string): void {
    if (this.#children.has(id)) {
      this.#stopChild(id);
      return;
    }
    const info = this.steps.get(id)?.info;
    if (info === undefined || this.#hosts.has(id) || !this.#running.has(id)) return;
    if (info.kind === 'for-each' && info.specialNeeds !== undefined) return;
    this.#hosts.add(id);
    this.#take(info.demand, -1);
  }

  #stopChild(id: string): void {
    const child = this.#children.get(id);
    if (child?.holds !== true) return;
    child.holds = false;
    if (!this.#abandoned.has(id)) this.#take(child.demand, -1);
  }

  #stop(id: string, outcome: AttemptSpan['outcome']): void {
    this.#stopChild(id);
    const span = this.#running.get(id);
    if (span === undefined) return;
    span.to = this.now;
    span.outcome = outcome;
    this.#running.delete(id);
    if (!this.#abandoned.has(id) && !this.#hosts.has(id)) this.#take(this.steps.get(id)?.info.demand, -1);
  }

  #end(id: string, status: 'completed' | 'failed' | 'cancelled', at: number): void {
    this.#stop(id, status);
    this.#children.delete(id);
    this.#change(id, { status, fraction: undefined });
    const story = this.steps.get(id);
    if (story?.startedAt !== undefined) story.endedAt = at;
  }

  #finish(status: RunStatus, at: number): void {
    this.status = status;
    this.endedAt = at;
  }

  #change(id: string, change: Partial<Omit<StepStory, 'info'>>): void {
    const story = this.steps.get(id);
    if (story !== undefined) Object.assign(story, change);
  }

  #remark(kind: Remark['kind'], stepId: string | undefined, message: string, error: unknown): void {
    this.remarks.push({ kind, at: this.now, stepId, message, error });
  }

  #take(demand: Demand | undefined, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries(demand ?? {}))
      this.#note(this.usage, name, (this.usage.get(name)?.at(-1)?.taken ?? 0) + sign * amount);
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

function latest(stories: Iterable<StepStory>): StepStory | undefined {
  let last: StepStory | undefined;
  for (const story of stories) {
    if (story.status !== 'completed' || story.endedAt === undefined) continue;
    if (last?.endedAt === undefined || story.endedAt > last.endedAt) last = story;
  }
  return last;
}

/** The message of an error, or of what is left of one in JSON; whatever was thrown. Never throws. */
export function textOf(error: unknown): string {
  if (isError(error)) return messageText(error);
  const plain = plainValue(error);
  if (plain === undefined || typeof error === 'function' || typeof error === 'symbol')
    return 'nothing that can be told';
  const { message } = Object(plain) as { readonly message?: unknown };
  if (typeof message === 'string') return message;
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

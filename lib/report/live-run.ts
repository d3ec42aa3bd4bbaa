import type { WaitReason } from '../observe/wait-reason.ts';
import type { Frame, RunHead } from './dashboard-frame.ts';
import type { PicturedStep } from './pictured-workflow.ts';
import type { Remark, Timeline } from './timeline.ts';
import { newTimeline } from './timeline-of.ts';
import { type Expected, expectedOf, UnderWayFold } from './under-way.ts';
import { takeIn } from './usage-series.ts';

/** How many messages of each kind stay on the page. */
const mostOf: Readonly<Record<Remark['kind'], number>> = {
  log: 2_000,
  warning: 500,
  retry: 500,
  failure: 1_000,
};

/**
 * A run as a page follows it: a head, then frames. The first frame after a head brings all that is kept, each further one what is new;
 * one that comes twice changes nothing.
 */
export class LiveRun {
  readonly head: RunHead;
  readonly timeline: Timeline;
  readonly underWay = new UnderWayFold();
  /** What steps wait for, as far as the run says it. */
  readonly waitingFor = new Map<string, WaitReason>();
  /** How many events came after the first frame. Whoever follows for long begins anew now and then, as the server keeps less of what was. */
  folded = 0;
  /** How many messages are neither here nor with the server. */
  forgotten = 0;
  readonly #steps: readonly PicturedStep[];
  /** What the last frame said. */
  #frame: Omit<Frame, 'events' | 'steps' | 'usage'> | undefined;
  /** What the page's clock said when it came. */
  #receivedAt = 0;
  #dropped = 0;
  #trimAt = 2_500;
  readonly #usage = new Map<string, { at: number; taken: number }[]>();

  constructor(head: RunHead) {
    this.head = head;
    this.timeline = newTimeline(head.head);
    this.#steps = [...head.head.workflow.steps];
    for (const { id, startedAt, endedAt, attempts } of head.head.snapshot?.steps ?? [])
      if (startedAt !== null && endedAt === null) this.underWay.begin(id, attempts, startedAt);
  }

  get latest(): Omit<Frame, 'events' | 'steps' | 'usage'> | undefined {
    return this.#frame;
  }

  /** In one word: `paused` and `interrupted` too. */
  get status(): Frame['status'] | 'paused' {
    const { status, isPaused } = this.#frame ?? { status: this.timeline.status, isPaused: false };
    return isPaused && (status === 'running' || status === 'idle') ? 'paused' : status;
  }

  get isUnderWay(): boolean {
    return this.#frame?.status === 'running' || this.#frame?.status === 'stopping';
  }

  /** @param receivedAt - what the page's clock says, in ms */
  add({ events, steps, usage, ...rest }: Frame, receivedAt: number): void {
    const { timeline } = this;
    if (this.#frame !== undefined) this.folded += events.length;
    for (const event of events) if (timeline.add(event)) this.underWay.add(event);
    for (const [place, status, { waitingFor, children } = {}] of steps) {
      const id = this.#steps[place]?.id ?? '';
      const story = timeline.steps.get(id);
      if (story !== undefined) story.status = status;
      if (waitingFor === undefined) this.waitingFor.delete(id);
      else this.waitingFor.set(id, waitingFor);
      if (children !== undefined) timeline.descent.begin(id, children);
    }
    this.#frame = rest;
    this.#receivedAt = receivedAt;
    if (rest.status !== 'interrupted') timeline.status = rest.status;
    this.#takeUsage(usage);
    this.#trim();
    this.forgotten = rest.forgotten + this.#dropped;
    this.tick(receivedAt);
  }

  /** Moves the time of what goes on. */
  tick(pageNow: number): void {
    if (this.#frame !== undefined) this.timeline.now = this.now(pageNow);
  }

  /** The time of the run's clock, in ms. */
  now(pageNow: number): number {
    const now = this.#frame?.now ?? this.timeline.now;
    return this.isUnderWay ? now + Math.max(0, pageNow - this.#receivedAt) : now;
  }

  /** How long a step is expected to take. */
  expectedOf(stepId: string): Expected | undefined {
    const { measured } = this.head;
    const estimateOf = (id: string): number | undefined => this.timeline.steps.get(id)?.info.estimate;
    return expectedOf(stepId, { measured, estimateOf, pace: this.#frame?.pace ?? {} });
  }

  /** What the server says was taken replaces what events say, since it has not sent all of them. */
  #takeUsage(usage: Frame['usage']): void {
    for (const [name, points] of Object.entries(usage)) {
      const known = this.#usage.get(name) ?? [];
      this.#usage.set(name, known);
      takeIn(known, points);
    }
    for (const name of this.timeline.usage.keys())
      if (!this.#usage.has(name)) this.timeline.usage.delete(name);
    for (const [name, points] of this.#usage) this.timeline.usage.set(name, points.slice());
  }

  /** The oldest messages go; of failures, those after the first hundred. */
  #trim(): void {
    const { remarks } = this.timeline;
    if (remarks.length <= this.#trimAt) return;
    const left = new Map<Remark['kind'], number>();
    const first = remarks.filter(({ kind }) => kind === 'failure').slice(0, 100);
    const firsts = new Set(first);
    const kept = remarks
      .toReversed()
      .filter((remark) => {
        const count = left.get(remark.kind) ?? 0;
        left.set(remark.kind, count + 1);
        return count < mostOf[remark.kind] || firsts.has(remark);
      })
      .reverse();
    this.#dropped += remarks.length - kept.length;
    remarks.splice(0, remarks.length, ...kept);
    this.#trimAt = kept.length + 500;
  }
}

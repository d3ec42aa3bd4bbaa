import { macrotask } from '../base/host.ts';
import type { Link, Streams } from './streams.ts';
import type { StreamsScope } from './streams-scope.ts';
import { status } from './transitions.ts';

/** How long, in ms, a channel that its reader has begun to read may be full while all seem to wait, before it grows. */
const patienceMs = 1000;

/**
 * Sees to it that steps which streams connect never wait for each other for ever, as where two streams of one source are read
 * one after the other. Where all of them wait at a channel, the smallest by which one is held back grows by one.
 *
 * Whoever waits for a channel may wait for something else as well, of which nobody knows. A channel that its reader has
 * begun to read is therefore given some time; one that nobody has looked at yet, or that the run itself reads, isn't.
 */
export class Standstill {
  readonly #members: readonly number[];
  readonly #streams: Streams;
  readonly #scope: StreamsScope;
  #isChecking = false;
  #cancelWait: (() => void) | undefined;
  /** The capacity of each channel when it was last told of: of one that grows and grows it is told more and more rarely. */
  readonly #told = new Map<Link, number>();

  constructor(members: readonly number[], streams: Streams, scope: StreamsScope) {
    this.#members = members;
    this.#streams = streams;
    this.#scope = scope;
  }

  /** Somebody may have begun to wait. Looked at once all have had their turn who have something to do. */
  suspect(): void {
    if (this.#isChecking || this.#streams.full(this.#members).length === 0) return;
    this.#isChecking = true;
    macrotask(() => {
      this.#isChecking = false;
      this.#scope.run.wake(() => {
        this.#check();
      });
    });
  }

  /** How many of the members run and wait at a channel. */
  get waiting(): number {
    return this.#members.filter((step) => this.#runs(step) && this.#streams.isBlocked(step)).length;
  }

  #check(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    const link = this.#stuckAt();
    if (link === undefined) return;
    if (!link.channel.isOpened || this.#isHost(link.consumer)) {
      this.#grow(link);
      return;
    }
    const passed = link.channel.passed;
    this.#cancelWait = this.#scope.run.after(patienceMs, () => {
      this.#cancelWait = undefined;
      const still = this.#stuckAt();
      if (still === link && still.channel.passed === passed) this.#grow(link);
      else this.suspect();
    });
  }

  /** Where everybody waits, the smallest full channel of those that nobody has begun to read; where all are read, of these. */
  #stuckAt(): Link | undefined {
    if (this.#scope.isStopped || !this.#members.every((step) => this.#waits(step))) return undefined;
    const [smallest] = this.#streams
      .full(this.#members)
      .sort(
        ({ channel: left }, { channel: right }) =>
          Number(left.isOpened) - Number(right.isOpened) || left.capacity - right.capacity,
      );
    return smallest;
  }

  #waits(step: number): boolean {
    const current = this.#statusOf(step);
    if (current >= status.completed || current === status.ready) return true;
    if (current === status.hosting) return this.#scope.run.isAtStandstill;
    return current === status.running && this.#streams.isBlocked(step);
  }

  #grow(link: Link): void {
    const { channel, producer, consumer } = link;
    channel.grow();
    const { capacity } = channel;
    if (capacity < 2 * (this.#told.get(link) ?? 0)) return;
    this.#told.set(link, capacity);
    const { run, first } = this.#scope;
    const stepId = this.#scope.idOf(producer);
    const attempt = run.table.attemptsOf(first + producer);
    const message = `the stream of '${stepId}' in '${this.#scope.idOf(consumer)}' holds ${String(capacity)} values from now on, as all who are connected by streams wait for each other; read streams of one source side by side, or give this one more capacity`;
    run.report.warn({ topic: 'channel', stepId, attempt, message });
  }

  #runs(step: number): boolean {
    return this.#statusOf(step) === status.running;
  }

  #isHost(step: number): boolean {
    return this.#statusOf(step) === status.hosting;
  }

  #statusOf(step: number): number {
    return this.#scope.run.table.status[this.#scope.first + step] as number;
  }
}

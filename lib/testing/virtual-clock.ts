import { map, type Observable, timer, VirtualTimeScheduler } from 'rxjs';

/**
 * A clock that stands still until a test moves it. Hand its `scheduler` to a run, or to an operator.
 *
 * Promises don't follow it: whoever awaits one gives it a turn of the event loop.
 *
 * @example
 * ```ts
 * const time = new VirtualTime();
 * const run = flights.run({ scheduler: time.scheduler, inputs: { path: 'flights.parquet' } });
 * run.result$.subscribe();
 * time.advanceTo(30_000);
 * run.cancel();
 * time.flush();
 * ```
 */
export class VirtualTime {
  /** What takes its time from this clock. */
  readonly scheduler = new VirtualTimeScheduler();

  /** The moment, in ms from 0. */
  get now(): number {
    return this.scheduler.now();
  }

  /** When the next thing happens that is planned, in ms; `undefined` where nothing is. */
  get next(): number | undefined {
    return this.scheduler.actions[0]?.delay;
  }

  /** How many actions are planned: 0 where nothing was left behind. */
  get planned(): number {
    return this.scheduler.actions.length;
  }

  /** Does something at a moment, in ms. */
  at(ms: number, work: () => void): void {
    this.scheduler.schedule(work, ms - this.now);
  }

  /** Lets time pass up to a moment, in ms, and everything planned until then happen. */
  advanceTo(ms: number): void {
    this.scheduler.maxFrames = ms;
    this.scheduler.flush();
    this.scheduler.frame = ms;
  }

  /**
   * Lets time pass up to the next thing that is planned, and that alone happen: others of the same moment don't. Tells whether there
   * was one.
   *
   * @throws what it throws
   */
  step(): boolean {
    const action = this.scheduler.actions.shift();
    if (action === undefined) return false;
    this.scheduler.frame = action.delay;
    const error = action.execute(action.state, action.delay) as Error | undefined;
    if (error !== undefined) throw error;
    return true;
  }

  /** Lets time pass until nothing is planned any more. */
  flush(): void {
    this.scheduler.maxFrames = Infinity;
    this.scheduler.flush();
  }

  /** Emits a value after a while, in ms, and completes. */
  after<Value>(ms: number, value: Value): Observable<Value> {
    return timer(ms, this.scheduler).pipe(map(() => value));
  }
}

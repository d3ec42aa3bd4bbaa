import { map, type Observable, timer, VirtualTimeScheduler } from 'rxjs';

/** A clock that stands still until a test moves it. Hand `scheduler` to a run. */
export class VirtualTime {
  readonly scheduler = new VirtualTimeScheduler();

  get now(): number {
    return this.scheduler.now();
  }

  /** Does `work` at a moment. */
  at(ms: number, work: () => void): void {
    this.scheduler.schedule(work, ms - this.now);
  }

  /** Lets time pass up to a moment, and everything planned until then happen. */
  advanceTo(ms: number): void {
    this.scheduler.maxFrames = ms;
    this.scheduler.flush();
    this.scheduler.frame = ms;
  }

  /** Lets time pass until nothing is planned any more. */
  flush(): void {
    this.scheduler.maxFrames = Infinity;
    this.scheduler.flush();
  }

  /** How many actions are still planned: 0 where nothing was left behind. */
  get planned(): number {
    return this.scheduler.actions.length;
  }

  /** Emits a value after a while, and completes. */
  after<Value>(ms: number, value: Value): Observable<Value> {
    return timer(ms, this.scheduler).pipe(map(() => value));
  }
}

/** Lets every Promise that can settle do so: one turn of the event loop. */
export async function settlePromises(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

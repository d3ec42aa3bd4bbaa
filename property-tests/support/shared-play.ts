// For this project only: several runs over the same limits, and what their bodies are at work with, counted beside the engine.
import {
  type Run,
  type SharedLimits,
  type Step,
  type StepContext,
  sharedLimits,
  step,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { type Observable, of, tap } from 'rxjs';

/** Amounts by class. */
export type Amounts = Readonly<Record<string, number>>;

/** A step of a run that shares limits. */
export interface SharedStep {
  readonly demand: Amounts;
  readonly ms: number;
  /** How long its body goes on once it was told to stop, in ms. */
  readonly lingers: number;
  /** The step it waits for, counted from itself backwards; 0 where it waits for none. */
  readonly after: number;
}

/** A run that shares limits: when it starts, which it shares, in which order, and what it has to do. */
export interface SharedRun {
  readonly at: number;
  readonly priority: number;
  readonly shares: readonly number[];
  readonly concurrency: number | undefined;
  readonly cancelAt: number | undefined;
  readonly steps: readonly SharedStep[];
}

/** What is done to shared limits while runs are under way. */
export interface SharedOrder {
  readonly at: number;
  readonly object: number;
  readonly order:
    | { readonly set: Amounts }
    | { readonly pause: string | undefined }
    | { readonly resume: string | undefined };
}

/** Runs over shared limits. */
export interface SharedScenario {
  readonly objects: readonly Amounts[];
  readonly maxOvertakes: number;
  readonly runs: readonly SharedRun[];
  readonly orders: readonly SharedOrder[];
}

/** One run of a scenario, as it goes. */
export class PlayedRun {
  readonly plan: SharedRun;
  readonly run: Run;
  readonly objects: readonly SharedLimits[];
  /** What its bodies are at work with, abandoned ones included. */
  readonly working = new Map<string, number>();
  hasStarted = false;
  isUnderWay = false;
  isOver = false;
  isCancelled = false;
  ended: 'result' | 'error' | undefined;

  constructor(plan: SharedRun, objects: readonly SharedLimits[], make: (run: PlayedRun) => Run) {
    this.plan = plan;
    this.objects = objects;
    this.run = make(this);
  }

  work(demand: Amounts, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries({ ...demand, concurrency: 1 }))
      this.working.set(name, (this.working.get(name) ?? 0) + sign * amount);
  }
}

/**
 * Plays a scenario in virtual time, and counts for itself what is at work, as a database would.
 *
 * `complaints` tells of each body that began although there was no room for it, and of each run.
 */
export class SharedPlay {
  readonly time = new VirtualTime();
  readonly objects: readonly SharedLimits[];
  readonly runs: readonly PlayedRun[];
  readonly complaints: string[] = [];
  /** When a body began, and of which run. */
  readonly workStarts: (readonly [at: number, run: number])[] = [];
  /** What is paused of each object; `undefined` is all of it. */
  readonly paused: readonly Set<string | undefined>[];

  constructor({ objects, maxOvertakes, runs, orders }: SharedScenario) {
    const { time } = this;
    this.objects = objects.map((limits, place) =>
      sharedLimits(limits, { maxOvertakes, name: `object ${String(place)}` }),
    );
    this.paused = objects.map(() => new Set());
    this.runs = runs.map(
      (plan, place) =>
        new PlayedRun(
          plan,
          plan.shares.map((object) => this.objects[object] as SharedLimits),
          (played) => this.#make(played, plan, place),
        ),
    );
    for (const played of this.runs) this.#plan(played);
    for (const { at, object, order } of orders) {
      time.at(at, () => {
        this.#order(object, order);
      });
    }
  }

  /** Lets all of it happen, and looks whenever nothing is left to happen at a moment. */
  play(quiet: () => void = () => undefined): void {
    for (let { next } = this.time; next !== undefined; { next } = this.time) {
      this.time.advanceTo(next);
      quiet();
    }
  }

  /** What all runs that share an object are at work with. */
  workingOf(object: SharedLimits, name: string): number {
    return this.#sharing(object).reduce((sum, { working }) => sum + (working.get(name) ?? 0), 0);
  }

  underWay(object: SharedLimits): number {
    return this.#sharing(object).filter(({ isUnderWay }) => isUnderWay).length;
  }

  #sharing(object: SharedLimits): PlayedRun[] {
    return this.runs.filter(({ objects }) => objects.includes(object));
  }

  #make(played: PlayedRun, { steps, concurrency, priority }: SharedRun, place: number): Run {
    const made: Step<number, never>[] = [];
    for (const [index, each] of steps.entries()) {
      const needed = each.after === 0 ? undefined : made[index - each.after];
      const body = (ctx: StepContext): Observable<number> => this.#work(played, each, ctx, place);
      const id = `s${String(index)}`;
      const options = { resource: each.demand };
      made.push(
        needed === undefined ? step(id, body, options) : step(id, { needed }, (_, ctx) => body(ctx), options),
      );
    }
    const run = workflow(`w${String(place)}`, Object.fromEntries(made.map((each) => [each.id, each]))).run({
      runId: `r${String(place)}`,
      scheduler: this.time.scheduler,
      shared: played.objects,
      priority,
      concurrency,
      gracePeriod: 5,
      abandonedWait: 1000,
    });
    run.progress$.subscribe({
      next: ({ type }) => {
        if (type !== 'run-started') return;
        played.isUnderWay = true;
        this.#checkRuns(played);
      },
      complete: () => {
        played.isUnderWay = false;
        played.isOver = true;
      },
    });
    return run;
  }

  #plan(played: PlayedRun): void {
    const { at, cancelAt } = played.plan;
    this.time.at(at, () => {
      if (played.isCancelled) return;
      played.hasStarted = true;
      played.run.result$.subscribe({
        next: () => {
          played.ended = 'result';
        },
        error: () => {
          played.ended = 'error';
        },
      });
    });
    if (cancelAt === undefined) return;
    this.time.at(cancelAt, () => {
      played.isCancelled = true;
      if (played.hasStarted) played.run.cancel();
    });
  }

  #work(
    played: PlayedRun,
    { demand, ms, lingers }: SharedStep,
    ctx: StepContext,
    place: number,
  ): Observable<number> {
    const { time } = this;
    played.work(demand, 1);
    this.workStarts.push([time.now, place]);
    for (const object of played.objects) this.#checkRoom(object, demand, `${String(place)}/${ctx.stepId}`);
    ctx.defer(() => {
      const stop = (): void => {
        played.work(demand, -1);
      };
      if (ctx.token.isCancelled && lingers > 0) return time.after(lingers, 0).pipe(tap(stop));
      stop();
      return undefined;
    });
    return ms === 0 ? of(0) : time.after(ms, ms);
  }

  /** A step that takes of an object has begun. */
  #checkRoom(object: SharedLimits, demand: Amounts, who: string): void {
    const { resources } = object.usage();
    const paused = this.paused[this.objects.indexOf(object)];
    const moment = `${String(this.time.now)} ms: ${who} began`;
    for (const name of [...Object.keys(demand), 'concurrency']) {
      const shared = resources[name];
      if (shared === undefined) continue;
      const working = this.workingOf(object, name);
      if (working > shared.limit)
        this.complaints.push(
          `${moment} as ${String(working)} of '${name}', of which there are ${String(shared.limit)}`,
        );
      if (paused?.has(name) === true || paused?.has(undefined) === true)
        this.complaints.push(`${moment} although '${name}' is paused`);
    }
  }

  #checkRuns(played: PlayedRun): void {
    for (const object of played.objects) {
      const limit = object.usage().resources['runs']?.limit ?? Infinity;
      const running = this.underWay(object);
      if (running > limit)
        this.complaints.push(
          `${String(this.time.now)} ms: ${String(running)} runs are under way, of ${String(limit)}`,
        );
    }
  }

  #order(place: number, order: SharedOrder['order']): void {
    const object = this.objects[place] as SharedLimits;
    const paused = this.paused[place] as Set<string | undefined>;
    if ('set' in order) object.setLimits(order.set);
    else if ('pause' in order) {
      paused.add(order.pause);
      object.pause(order.pause);
    } else {
      paused.delete(order.resume);
      object.resume(order.resume);
    }
  }
}

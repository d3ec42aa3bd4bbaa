import {
  type Need,
  type Resource,
  type RunOptions,
  type SharedLimits,
  type SharedLimitsOptions,
  type SharedLimitsRecord,
  type Step,
  sharedLimits,
  step,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { type Watched, watch } from './watch.ts';

/** A step of a run that shares limits: what it takes, and for how long. */
export interface Work {
  readonly resource?: Resource;
  readonly ms?: number;
  readonly priority?: number;
}

/** Runs that share limits, in virtual time. */
export class Sharing {
  readonly time = new VirtualTime();
  readonly shared: SharedLimits;
  /** What started, in order: the moment, the run, and the step. */
  readonly starts: string[] = [];

  constructor(limits: SharedLimitsRecord, options: SharedLimitsOptions = {}) {
    this.shared = sharedLimits(limits, options);
  }

  /** Starts a run of steps `s0`, `s1`, … that wait for nothing but what they take. */
  run(id: string, works: readonly Work[], options: RunOptions<Need> = {}): Watched<unknown> {
    const steps = works.map((work, place) => this.step(`s${String(place)}`, work, id));
    const flow = workflow(id, Object.fromEntries(steps.map((each) => [each.id, each])));
    return watch(flow, this.time, { runId: id, shared: this.shared, ...options });
  }

  /** Starts a run of so many steps that take one `db` for 10 ms. */
  queries(id: string, count: number, options: RunOptions<Need> = {}): Watched<unknown> {
    return this.run(
      id,
      Array.from({ length: count }, () => ({})),
      options,
    );
  }

  step(id: string, { resource = 'db', ms = 10, priority = 0 }: Work, run: string): Step<number, never> {
    const { time } = this;
    return step(
      id,
      () => {
        this.starts.push(`${String(time.now)} ${run} ${id}`);
        return time.after(ms, ms);
      },
      { resource, priority },
    );
  }

  /** In whose name something started, in order, at a moment or ever. */
  runsOf(at?: number): string[] {
    return this.starts
      .filter((start) => at === undefined || start.startsWith(`${String(at)} `))
      .map((start) => start.split(' ')[1] ?? '');
  }

  taken(name: string): number | undefined {
    return this.shared.usage().resources[name]?.taken;
  }
}

/** Nothing of shared limits is taken, and nobody waits for any. */
export const idleUsage = { running: 0, waiting: 0, inLine: 0, isPaused: false };

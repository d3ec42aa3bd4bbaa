import { setImmediate } from 'node:timers/promises';
import { VirtualTime } from 'millrace/testing';
import { Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import { type Clock, clockOf } from '../../../lib/base/clock.ts';
import { Remote } from '../../../lib/bullmq/remote-tasks.ts';
import { TaskServer } from '../../../lib/bullmq/task-server.ts';
import { offloadHostOf } from '../../../lib/definition/offloaded-body.ts';
import type { StepContext } from '../../../lib/definition/step-context.ts';
import { MemoryBroker, type MemoryTransport } from './memory-transport.ts';

/** What a body of a worker on the stage has done. */
export interface Work {
  readonly worker: string;
  readonly input: unknown;
  readonly from: number;
  to: number | undefined;
  how: 'done' | 'failed' | 'stopped' | undefined;
}

/** A worker on the stage. */
export interface StagedWorker {
  readonly server: TaskServer;
  readonly end: MemoryTransport;
}

/**
 * Coordinators and workers in virtual time, over a broker in memory. Bodies take as many ms as their input says, and 5 to stop; those of
 * `breakOnce` fail then at their first attempt.
 */
export class QueueStage {
  readonly time = new VirtualTime();
  readonly clock = oneTimerAMoment(clockOf(this.time.scheduler));
  readonly broker = new MemoryBroker(this.clock);
  readonly works: Work[] = [];
  readonly leaseMs: number;
  readonly stopMs = 5;

  constructor(leaseMs = 1000) {
    this.leaseMs = leaseMs;
  }

  coordinator(terms: Partial<Record<'workerWait' | 'connectionWait' | 'takeoverWait', number>> = {}) {
    const end = this.broker.connect();
    const remote = new Remote<Record<'wait' | 'breakOnce', (ms: number) => number>>(end, {
      queue: 'stage',
      version: undefined,
      leaseMs: this.leaseMs,
      batch: 8,
      soon: queueMicrotask,
      workerWait: 60_000,
      connectionWait: 60_000,
      takeoverWait: 5000,
      clock: this.clock,
      ...terms,
    });
    // Its limit is no longer announced then; nothing else happens, as time stands still.
    onTestFinished(() => void remote.close({ pending: 'drain' }));
    return { remote, end };
  }

  /** A worker that has announced itself once some time has passed. */
  worker(id: string, slots: number, lane = 'stage.1'): StagedWorker {
    const end = this.broker.connect();
    const tasks = {
      names: ['wait', 'breakOnce'],
      body: (name: string) => (input: unknown, ctx: StepContext) => this.#body(id, name, input, ctx),
    };
    const { leaseMs, clock } = this;
    const soon = queueMicrotask;
    const terms = { queue: 'stage', id, lane, slots, version: undefined, leaseMs, clock, soon };
    const server = new TaskServer(end, tasks, terms);
    // One that is cut off before it has begun never does.
    server.open().catch(() => undefined);
    return { server, end };
  }

  /** Lets virtual time pass, and whatever awaits something go on at each moment of it. */
  async advanceTo(ms: number): Promise<void> {
    for (;;) {
      await setImmediate();
      const { next } = this.time;
      if (next === undefined || next > ms) break;
      this.time.advanceTo(next);
    }
    this.time.advanceTo(ms);
    await setImmediate();
  }

  advanceBy(ms: number): Promise<void> {
    return this.advanceTo(this.time.now + ms);
  }

  /** How many bodies are at it at a moment. */
  get busy(): number {
    return this.works.filter(({ to }) => to === undefined).length;
  }

  #body(worker: string, name: string, input: unknown, ctx: StepContext): Observable<unknown> {
    return new Observable((subscriber) => {
      const work: Work = { worker, input, from: this.time.now, to: undefined, how: undefined };
      this.works.push(work);
      offloadHostOf(ctx)?.workBegan('thread');
      const end = (how: 'done' | 'failed' | 'stopped'): void => {
        work.to = this.time.now;
        work.how = how;
      };
      const cancel = this.clock.after(Number(input), () => {
        if (name === 'breakOnce' && ctx.attempt === 1) {
          end('failed');
          subscriber.error(new RangeError('it breaks once'));
          return;
        }
        end('done');
        subscriber.next(input);
        subscriber.complete();
      });
      let stopped = Promise.resolve();
      ctx.defer(() => stopped);
      return () => {
        cancel();
        if (work.to !== undefined) return;
        stopped = new Promise((resolve) => {
          this.clock.after(this.stopMs, () => {
            end('stopped');
            resolve();
          });
        });
      };
    });
  }
}

/** A clock that has what is to happen at one moment wait in one timer: virtual time looks through all timers with each that comes. */
function oneTimerAMoment(clock: Clock): Clock {
  const moments = new Map<number, Set<{ readonly work: () => void }>>();
  return {
    ...clock,
    after(ms, work) {
      const at = clock.now() + ms;
      const known = moments.get(at);
      const all = known ?? new Set();
      if (known === undefined) {
        moments.set(at, all);
        clock.after(ms, () => {
          moments.delete(at);
          for (const due of all) due.work();
        });
      }
      const entry = { work };
      all.add(entry);
      return () => {
        all.delete(entry);
      };
    },
  };
}

import type { Need, ProgressEvent, Run, RunOptions, Workflow } from 'millrace';
import { Store } from 'millrace/store';
import { lastValueFrom } from 'rxjs';
import { type MemoryBackend, memoryBackend } from '../../../lib/store/memory-backend.ts';
import { play, type Watched } from '../../run/support/watch.ts';
import { singleLines } from './single-lines.ts';
import { unwatched } from './unwatched.ts';

/** The id of all runs here, unless they say otherwise. */
export const runId = 'nightly';

/** A run that is over, and all that it told. */
export interface Ran<Outputs> {
  readonly run: Run<Outputs>;
  readonly events: readonly ProgressEvent[];
  readonly result: Outputs | undefined;
  readonly error: unknown;
}

/** A store in memory, and what is in it. */
export class Place {
  readonly backend: MemoryBackend;
  readonly store: Store;

  constructor(backend = memoryBackend()) {
    this.backend = backend;
    this.store = new Store(backend);
  }

  /** What the run has written. */
  get lines(): readonly string[] {
    return singleLines(this.backend.readLines(runId) ?? []);
  }

  /** Runs a workflow in virtual time, to its end. */
  play<Outputs>(workflow: Workflow<Outputs>, options: RunOptions<Need> = {}): Watched<Outputs> {
    return play(workflow, { store: this.store, runId, ...options });
  }

  /** Runs a workflow as any program does. */
  async run<Outputs>(workflow: Workflow<Outputs>, options: RunOptions<Need> = {}): Promise<Ran<Outputs>> {
    const run = workflow.run({ store: this.store, runId, ...options });
    const events: ProgressEvent[] = [];
    run.progress$.subscribe((event) => events.push(event));
    const [settled] = await Promise.allSettled([
      run.result(),
      lastValueFrom(run.progress$, { defaultValue: 0 }),
    ]);
    return settled.status === 'fulfilled'
      ? { run, events, result: settled.value, error: undefined }
      : { run, events, result: undefined, error: settled.reason };
  }

  /** As it is on a disk where a process died that had written so many lines. */
  cutAfter(lines: number): Place {
    const place = new Place();
    for (const kind of ['blob', 'cached'] as const)
      for (const { name } of this.backend.listObjects(kind))
        place.backend.putObject(kind, name, this.backend.getObject(kind, name) as Uint8Array);
    write(place.backend, this.lines.slice(0, lines));
    return place;
  }

  /** The same, of the process that died right after it had written that of a step. */
  cutAfterStep(path: string): Place {
    const at = this.lines.findIndex((line) => line.startsWith(`["done",${JSON.stringify(path)},`));
    if (at === -1) throw new Error(`step '${path}' isn't written down:\n${this.lines.join('\n')}`);
    return this.cutAfter(at + 1);
  }

  /** For every number of lines that there may be when a process dies. */
  *cuts(): Iterable<Place> {
    for (let lines = 0; lines <= this.lines.length; lines++) yield this.cutAfter(lines);
  }
}

/** Writes lines as the run's owner that then is gone. */
function write(backend: MemoryBackend, lines: readonly string[]): void {
  const opened = backend.openRun(runId, unwatched);
  opened.append(lines);
  opened.close();
}

/** The steps that completed without running, by what was known of them. */
export function known(events: readonly ProgressEvent[], origin: 'given' | 'restored' | 'cached'): string[] {
  return events.flatMap((event) =>
    event.type === 'step-completed' && event[origin] === true ? [event.stepId] : [],
  );
}

/** The messages of what was warned of the store: that of a machine which is busy is of no account. */
export function warnings(events: readonly ProgressEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'warning' && event.topic === 'store' ? [event.message] : [],
  );
}

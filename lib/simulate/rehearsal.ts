import type { Observable } from 'rxjs';
import { invariant } from '../base/invariant.ts';
import { reportError } from '../base/report-error.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { edge } from '../definition/edge.ts';
import { Engine } from '../engine/engine.ts';
import type { RunListener } from '../engine/run-listener.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import { accountOfRun, type CriticalStep } from '../observe/critical-steps.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { Fate } from './fate.ts';
import type { Parts } from './parts.ts';
import type { Simultaneous } from './simulation-options.ts';
import { VirtualClock } from './virtual-clock.ts';
import { type Stage, waitingBlueprint } from './waiting-blueprint.ts';

/** When each part started and ended, NaN where it didn't, and the end of the last. */
export interface Timetable {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly makespan: number;
  /** The workflow's own steps that decided when the last of them ended. */
  criticalSteps(): CriticalStep[];
}

/**
 * A workflow whose steps only wait, run by the engine on a virtual clock.
 *
 * 1. Graph, demands, priorities and estimates are the workflow's; bodies, retries, timeouts and clean-ups aren't. Every `when` says
 *    yes and a `choose` takes its first branch, unless the fate is another.
 * 2. What comes of a step is run as it would be in a run, as far as the parts have it. The items of a stream come evenly while
 *    its producer takes its time.
 * 3. Who reads a stream doesn't end before it.
 * 4. Equal durations and settings give equal timetables.
 */
export class Rehearsal {
  readonly #parts: Parts;
  readonly #blueprint: Blueprint;
  readonly #stage: Stage;

  constructor(parts: Parts, fate: Fate) {
    this.#parts = parts;
    this.#stage = { clock: new VirtualClock(), durations: new Float64Array(0), parts, fate };
    this.#blueprint = waitingBlueprint(parts.blueprint, this.#stage, 0);
  }

  /** @throws ResourceLimitError where a step demands more than there can be */
  play(durations: Float64Array, settings: RunSettings, simultaneous: Simultaneous): Timetable {
    const clock = new VirtualClock();
    this.#stage.clock = clock;
    this.#stage.durations = withReaders(this.#parts, durations);
    const engine = new Engine(this.#blueprint, { ...settings, clock, timeout: undefined });
    if (simultaneous === 'together') engine.listener = new EndTogether(clock);
    const inner =
      this.#parts.inners.size === 0 ? undefined : new InnerTimes(engine.progress.events$, this.#parts);
    engine.launch();
    clock.flush();
    if (engine.status === 'failed') throw engine.result;
    invariant(engine.status === 'completed', 'a rehearsal came to no end');
    const { size } = this.#blueprint.graph;
    const starts = engine.table.startedAt.subarray(0, size);
    const ends = engine.table.endedAt.subarray(0, size);
    return {
      ...(inner?.with(starts, ends) ?? { starts, ends }),
      makespan: engine.endedAt - engine.startedAt,
      criticalSteps: () => accountOfRun(engine.view),
    };
  }
}

/** Those that streams connect start together: a reader takes at least as long as what it reads. */
function withReaders({ blueprint, inners }: Parts, durations: Float64Array): Float64Array {
  const graphs = [{ blueprint, first: 0 }, ...[...inners.values()].filter((inner) => inner.kind === 'graph')];
  let stretched = durations;
  for (const { blueprint, first } of graphs) {
    if (blueprint.gangs.length === 0) continue;
    if (stretched === durations) stretched = durations.slice();
    for (const index of blueprint.graph.order)
      for (const { step, kind } of blueprint.branching?.edgesOf(index) ?? [])
        if (kind === edge.stream)
          stretched[first + index] = Math.max(
            stretched[first + index] as number,
            stretched[first + step] as number,
          );
  }
  return stretched;
}

/** When those parts started and ended that aren't the workflow's own. */
class InnerTimes {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;

  constructor(events$: Observable<ProgressEvent>, parts: Parts) {
    this.#starts = new Float64Array(parts.ids.length).fill(Number.NaN);
    this.#ends = this.#starts.slice();
    events$.subscribe({
      next: (event) => {
        this.#add(event, parts);
      },
      error: reportError,
    });
  }

  #add(event: ProgressEvent, parts: Parts): void {
    if (event.type === 'step-started') this.#starts[parts.indexOf(event.stepId) ?? 0] = event.at;
    else if (event.type === 'step-completed' || (event.type === 'step-cancelled' && event.attempt > 0))
      this.#ends[parts.indexOf(event.stepId) ?? 0] = event.at;
  }

  /** With those of the workflow's own, which come first. */
  with(starts: Float64Array, ends: Float64Array): Pick<Timetable, 'starts' | 'ends'> {
    this.#starts.set(starts);
    this.#ends.set(ends);
    return { starts: this.#starts, ends: this.#ends };
  }
}

/**
 * Lets the other steps that end at an instant settle while the first of them does. The loop admits nothing while a
 * step settles, so that all that they give back is there before anything starts.
 */
class EndTogether implements RunListener {
  readonly #clock: VirtualClock;
  #isFinishing = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  changed(): void {
    // Only settling matters.
  }

  settled(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#clock.finishInstant();
    this.#isFinishing = false;
  }
}

import { clockOf } from '../base/clock.ts';
import type { Duration } from '../base/durations.ts';
import { CancelledError, InvalidOptionsError } from '../base/errors.ts';
import { macrotask } from '../base/host.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Need } from '../definition/handle.ts';
import { Engine } from '../engine/engine.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import { Run } from '../run/run.ts';
import { type RunOptions, readRunOptions } from '../run/run-options.ts';
import type { AnyWorkflow } from '../simulate/any-workflow.ts';
import { Workflow } from '../workflow.ts';
import { type Recording, recordedStep, type TraceEntry } from './recording.ts';
import { readScript, type Script } from './script.ts';
import { Stage } from './stage.ts';
import { StandstillError } from './standstill-error.ts';
import { VirtualTime } from './virtual-clock.ts';

/** What a run in virtual time may say beside what every run may. */
export interface VirtualTimeOptions extends Script {
  /** What becomes of the functions of the steps: `'keep'` calls them, `'replace'` has the steps only wait. @defaultValue 'keep' */
  readonly bodies?: 'keep' | 'replace' | undefined;
  /** Does something at moments of virtual time, in ms, such as cancelling the run. */
  readonly at?: Readonly<Record<number, (run: Run<never>) => void>> | undefined;
  /**
   * For how long, in real time, a step's own function is waited for that doesn't use `ctx.scheduler` while nothing else
   * happens; after that virtual time goes on, or the run is found to stand still. @defaultValue '2s'
   */
  readonly patience?: Duration | undefined;
}

/** The options of a run in virtual time: its own, and those of the run, `scheduler` apart. */
export type VirtualRunOptions<Needs extends Need = Need> = VirtualTimeOptions &
  Omit<RunOptions<Needs>, 'scheduler'>;

const defaultPatience = 2000;
const realTime = clockOf(undefined);

/**
 * Runs a workflow in virtual time, which passes by itself, and gives the recording of what happened.
 *
 * The engine is the real one; so are the functions of the steps, but for those whose `outputs` are given and for attempts that
 * are to fail, which only wait. A clean-up of a step whose output is given is noted, not called. A function that awaits something of
 * the real world is waited for: virtual time stands still meanwhile. One that uses `ctx.scheduler` waits in virtual time.
 *
 * Never rejects because the run fails or is cancelled: that is the recording's `outcome`.
 *
 * @throws InvalidOptionsError, as a rejection, for ids that aren't steps, durations that aren't, and options of the run
 * @throws StandstillError, as a rejection, where steps never end
 * @example
 * ```ts
 * const recording = await runInVirtualTime(flights, {
 *   inputs: { path: 'flights.parquet' },
 *   durations: { table: '2s', delays: '30s' },
 *   failures: { table: 1 },
 *   outputs: { table: [] },
 * });
 * console.log(recording.metrics.totalMs);
 * ```
 */
export async function runInVirtualTime<Outputs, Needs extends Need>(
  workflow: Workflow<Outputs, Needs>,
  ...[options]: VirtualTimeArguments<Needs>
): Promise<Recording> {
  const play = new Performance(workflow, options ?? {});
  await play.toTheEnd();
  return play.recording;
}

/** The arguments of a run in virtual time: where inputs are needed, the options are too. */
export type VirtualTimeArguments<Needs extends Need> = [Needs] extends [never]
  ? [options?: VirtualRunOptions<Needs>]
  : string extends Needs[0]
    ? [options?: VirtualRunOptions<Needs>]
    : [options: VirtualRunOptions<Needs>];

/**
 * A run of a workflow in virtual time, noted down.
 *
 * 1. Virtual time moves on when all that can happen at this moment has: Promises have had a turn of the event loop.
 * 2. It stands still while a function runs that has not asked for `ctx.scheduler`, for as long as the patience lasts.
 */
class Performance {
  readonly #time = new VirtualTime();
  readonly #blueprint: Blueprint;
  readonly #settings: RunSettings;
  readonly #engine: Engine;
  readonly #run: Run<never>;
  readonly #patience: number;
  readonly #trace: TraceEntry[] = [];
  readonly #stage = new Stage(this.#time, this.#trace);
  /** Whether anything can come from outside: not where all steps were replaced. */
  readonly #isOpen: boolean;
  #isOver = false;
  #stoppedAt: number | undefined;
  #outcome: Recording['outcome'] | undefined;

  constructor(workflow: AnyWorkflow, options: VirtualRunOptions) {
    if (!(workflow instanceof Workflow)) {
      const problem = {
        option: 'the workflow',
        expected: 'made by workflow() or defineWorkflow()',
        value: workflow,
      };
      throw new InvalidOptionsError('runInVirtualTime', [problem]);
    }
    const owner = `runInVirtualTime of '${workflow.name}'`;
    const checker = new OptionChecker();
    if (!checker.record('options', options)) checker.throwIfAny(owner);
    const { durations, failures, outputs, bodies, at, patience, ...runOptions } = options;
    if ('scheduler' in runOptions)
      checker.fail(
        'scheduler',
        'absent: it is virtual time',
        (runOptions as { scheduler: unknown }).scheduler,
      );
    const original = workflow.blueprint;
    const parts = readScript(
      checker,
      original,
      { durations, failures, outputs },
      checker.oneOf('bodies', bodies, ['keep', 'replace']) === 'replace',
    );
    this.#patience = checker.duration('patience', patience) ?? defaultPatience;
    this.#planActs(checker, at);
    checker.throwIfAny(owner);
    this.#isOpen = !original.steps.every((_, index) => parts.get(index)?.isReplaced === true);
    this.#blueprint = this.#stage.staged(original, parts);
    this.#settings = {
      ...readRunOptions(this.#blueprint, workflow.options, {
        runId: 'recorded',
        ...(runOptions as object),
        scheduler: this.#time.scheduler,
      }),
      stage: (definition) => this.#stage.bodyOf(definition, undefined),
    };
    this.#engine = new Engine(this.#blueprint, this.#settings);
    this.#run = new Run(this.#engine);
  }

  get recording(): Recording {
    const { limits, concurrency, maxOvertakes, plannedRanks, rates, share } = this.#settings;
    return {
      workflow: this.#blueprint.name,
      steps: Array.from(this.#blueprint.info.steps, (step, index) =>
        recordedStep(step, this.#blueprint.steps[index]?.settings.cleanup !== undefined),
      ),
      limits: { ...Object.fromEntries(limits), ...(concurrency === undefined ? {} : { concurrency }) },
      maxOvertakes,
      isHeldBack: plannedRanks !== undefined || rates.size > 0 || share !== undefined,
      trace: this.#trace,
      stoppedAt: this.#stoppedAt,
      events: this.#trace.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : [])),
      outcome: this.#outcome ?? { kind: 'failed', error: undefined },
      metrics: this.#run.metrics(),
    };
  }

  async toTheEnd(): Promise<void> {
    this.#follow();
    let lastSize = -1;
    let idleSince = realTime.now();
    while (!this.#isOver) {
      if (this.#isOpen) await turnOfTheEventLoop();
      if (this.#isOver) break;
      const size = this.#trace.length + this.#time.planned;
      if (size !== lastSize && this.#isOpen) {
        lastSize = size;
        idleSince = realTime.now();
        continue;
      }
      this.#quiet();
      const { next } = this.#time;
      const isPatient = realTime.now() - idleSince < this.#patience;
      const isWaiting = this.#stage.isWaitedFor;
      if (next !== undefined && !(isWaiting && isPatient)) {
        this.#time.advanceTo(next);
      } else if (!isPatient || !this.#isOpen) {
        throw new StandstillError(this.#blueprint.name, this.#stage.running, this.#patience);
      }
    }
    this.#quiet();
  }

  #follow(): void {
    this.#engine.token.onCancel(() => {
      this.#stoppedAt = this.#time.now;
    });
    this.#run.progress$.subscribe({
      next: (event) => {
        this.#trace.push({ kind: 'event', event });
        if ('stepId' in event && attemptEnds.has(event.type)) this.#stage.ended(event.stepId);
        // Its steps do the work from here on.
        if (event.type === 'step-added') this.#stage.ended(event.parentId);
      },
      complete: () => {
        this.#isOver = true;
      },
    });
    this.#run.result$.subscribe({
      next: (outputs) => {
        this.#outcome = { kind: 'completed', outputs };
      },
      error: (error: unknown) => {
        this.#outcome = { kind: error instanceof CancelledError ? 'cancelled' : 'failed', error };
      },
    });
  }

  #planActs(checker: OptionChecker, at: VirtualTimeOptions['at']): void {
    if (at === undefined || !checker.record('at', at, 'a record of functions by moment, in ms')) return;
    for (const [moment, act] of Object.entries(at)) {
      const ms = Number(moment);
      if (!(ms >= 0 && ms < Infinity)) checker.fail('at', 'a record by moments of at least 0 ms', moment);
      else if (typeof act !== 'function') checker.fail(`at[${moment}]`, 'a function of the run', act);
      else
        this.#time.at(ms, () => {
          act(this.#run);
        });
    }
  }

  /** What is taken now that nothing more happens at this moment; once a moment. */
  #quiet(): void {
    const taken = Object.fromEntries(
      Object.entries(this.#engine.view.resources).map(([name, { taken: amount }]) => [name, amount]),
    );
    if (this.#trace.at(-1)?.kind !== 'quiet') this.#trace.push({ kind: 'quiet', at: this.#time.now, taken });
  }
}

const attemptEnds = new Set(['step-completed', 'step-failed', 'step-cancelled', 'step-retrying']);

/** Lets every Promise that can settle do so, and whatever comes from outside arrive. */
async function turnOfTheEventLoop(): Promise<void> {
  await new Promise<void>(macrotask);
}

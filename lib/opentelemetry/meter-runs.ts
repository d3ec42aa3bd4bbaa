import { type BatchObservableResult, diag, type Meter } from '@opentelemetry/api';
import { Subscription } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import { isWatchable } from '../base/watchable.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { Run } from '../run/run.ts';
import { meterEventLoop } from './event-loop-delay.ts';
import { type RunInstruments, runInstruments } from './instruments.ts';
import { resourceName } from './resource-name.ts';
import { RunMeasures } from './run-measures.ts';

/** What is measured: a run, or the replay of one. */
export type MeteredRun = Pick<Run, 'workflow' | 'progress$' | 'snapshot'>;

/** How runs are measured. */
export interface MeterRunsOptions {
  /**
   * Whether the delay of this thread's event loop is measured too (`nodejs.eventloop.delay.*`), as OpenTelemetry's own instrumentation of the
   * runtime does where it is used.
   *
   * @defaultValue true
   */
  readonly eventLoop?: boolean | undefined;
}

/** Measures runs, as many as there are. Made by {@link meterRuns}. */
export interface RunMeter extends Disposable {
  /**
   * Measures a run from now on. It neither starts nor holds it, and what throws of the meter ends the measuring of that run alone, which
   * OpenTelemetry's `diag` logger is told. Leaving the subscription ends it too.
   *
   * @throws InvalidOptionsError where it is no run
   */
  watch(run: MeteredRun): Subscription;
  /** Measures nothing more. */
  close(): void;
}

/**
 * Measures runs with an OpenTelemetry meter: how long runs and attempts take and wait, retries, failures, what is taken of each resource class
 * beside its limit, how many steps wait, and the delay of the event loop. Make it once in a process.
 *
 * Names, units and attributes are listed in the documentation. How many series there are follows the steps of the workflows, their classes and
 * the kinds of their errors, not the number of runs, children or keys.
 *
 * @throws InvalidOptionsError where the meter or an option can't be used
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api';
 *
 * const meter = meterRuns(metrics.getMeter('flights'));
 * const run = flights.run({ inputs: { path: 'flights.parquet' } });
 * meter.watch(run);
 * await run.result();
 * ```
 */
export function meterRuns(meter: Meter, options: MeterRunsOptions = {}): RunMeter {
  const checker = new OptionChecker();
  checkMeter(checker, meter);
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['eventLoop']);
    checker.flag('eventLoop', options.eventLoop);
  }
  checker.throwIfAny('meterRuns');
  return new Metering(meter, options.eventLoop ?? true);
}

/** Notes what isn't a meter. */
export function checkMeter(checker: OptionChecker, meter: Meter): void {
  if (typeof (meter as Partial<Meter> | null | undefined)?.createHistogram !== 'function')
    checker.fail('the meter', "a Meter, as metrics.getMeter('…') gives", meter);
}

class Metering implements RunMeter {
  readonly #meter: Meter;
  readonly #instruments: RunInstruments;
  readonly #observed;
  readonly #runs = new Set<MeteredRun>();
  /** What runs of a workflow have had: it is told as nothing once they are over, or exporters would repeat what they were told last. */
  readonly #sums = new Map<string, Sums>();
  readonly #subscriptions = new Subscription();
  readonly #stopEventLoop: () => void;

  constructor(meter: Meter, hasEventLoop: boolean) {
    this.#meter = meter;
    this.#instruments = runInstruments(meter);
    const { steps, usage, limit, utilization } = this.#instruments;
    this.#observed = [steps, usage, limit, utilization];
    meter.addBatchObservableCallback(this.#observe, this.#observed);
    this.#stopEventLoop = hasEventLoop ? meterEventLoop(meter) : () => undefined;
  }

  watch(run: MeteredRun): Subscription {
    const checker = new OptionChecker();
    if (!isWatchable(run)) checker.fail('the run', 'a run', run);
    checker.throwIfAny('watch');
    const measures = new RunMeasures(this.#instruments, run.workflow);
    const subscription = new Subscription();
    /** Calls the meter, which is somebody else's code. */
    const guarded = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        diag.error(
          `millrace: a run of '${run.workflow.name}' is no longer measured, as the meter has thrown`,
          error,
        );
        subscription.unsubscribe();
      }
    };
    let isLeft = false;
    subscription.add(() => {
      this.#runs.delete(run);
      this.#subscriptions.remove(subscription);
      if (isLeft) return;
      isLeft = true;
      guarded(() => {
        measures.leave();
      });
    });
    this.#runs.add(run);
    this.#subscriptions.add(subscription);
    subscription.add(
      run.progress$.subscribe({
        next: (event) => {
          guarded(() => {
            measures.follow(event);
          });
        },
        error: (error: unknown) => {
          diag.error('millrace: the events of a measured run have failed', error);
        },
        complete: () => {
          subscription.unsubscribe();
        },
      }),
    );
    return subscription;
  }

  close(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, this.#observed);
    this.#stopEventLoop();
    this.#subscriptions.unsubscribe();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The sums over all runs that are under way, by workflow. */
  readonly #observe = (result: BatchObservableResult): void => {
    for (const { steps, resources } of this.#sums.values()) {
      for (const status of steps.keys()) steps.set(status, 0);
      for (const name of resources.keys()) resources.set(name, nothing);
    }
    for (const run of this.#runs) {
      const { workflow, counts, resources } = run.snapshot();
      const sums: Sums = this.#sums.get(workflow) ?? { steps: new Map(), resources: new Map() };
      this.#sums.set(workflow, sums);
      for (const status of unsettled) add(sums.steps, status, counts[status]);
      for (const [name, { taken, limit }] of Object.entries(resources)) {
        const known = sums.resources.get(resourceName(name)) ?? nothing;
        sums.resources.set(resourceName(name), { taken: known.taken + taken, limit: known.limit + limit });
      }
    }
    const { steps, usage, limit, utilization } = this.#instruments;
    for (const [workflow, sums] of this.#sums) {
      const ofWorkflow = { 'millrace.workflow.name': workflow };
      for (const [status, count] of sums.steps)
        result.observe(steps, count, { ...ofWorkflow, 'millrace.step.status': status });
      for (const [name, amounts] of sums.resources) {
        const ofResource = { ...ofWorkflow, 'millrace.resource': name };
        result.observe(usage, amounts.taken, ofResource);
        if (!Number.isFinite(amounts.limit)) continue;
        result.observe(limit, amounts.limit, ofResource);
        result.observe(utilization, amounts.limit === 0 ? 0 : amounts.taken / amounts.limit, ofResource);
      }
    }
  };
}

/** Of the runs of one workflow. */
interface Sums {
  readonly steps: Map<StepStatus, number>;
  readonly resources: Map<string, { readonly taken: number; readonly limit: number }>;
}

const nothing = { taken: 0, limit: 0 };
const unsettled = ['waiting', 'ready', 'running', 'retrying'] as const satisfies readonly StepStatus[];

function add(sums: Map<StepStatus, number>, status: StepStatus, count: number): void {
  sums.set(status, (sums.get(status) ?? 0) + count);
}

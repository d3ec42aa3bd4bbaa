import { type Context, context, diag, propagation, type Tracer } from '@opentelemetry/api';
import { Subscription } from 'rxjs';
import { monotonicNow } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { hasProgress } from '../base/watchable.ts';
import type { AroundAttempt } from '../definition/around.ts';
import type { Run } from '../run/run.ts';
import { RunSpans } from './run-spans.ts';

/** What is traced: a run, or the replay of one. */
export type TracedRun = Pick<Run, 'workflow' | 'progress$'> & Partial<Pick<Run, 'around'>>;

/** How a run is traced. */
export interface TraceRunOptions {
  /** The context whose span becomes the parent of the run's. @defaultValue the active context at the call */
  readonly context?: Context | undefined;
}

/**
 * Traces a run with OpenTelemetry: a span for the run, and below it one for each attempt of a step, with links to the
 * attempts in which its dependencies completed.
 *
 * The span of an attempt is the active one while its body runs: what that traces (`fetch`, a database) is below it. So is what a task of a pool,
 * or on another machine, traces, where its worker wraps its tasks in {@link traceTasks}. Both need a registered context manager, as
 * `@opentelemetry/sdk-node` has one. Children, and steps of subflows, are below the attempt that they came of.
 *
 * Failures are recorded as exceptions with the status ERROR and `error.type`; a cancelled span has `millrace.cancelled`.
 * Logs, warnings, skipped steps, pauses and changed limits are events of spans. Times are those of the run. A
 * run that has begun is traced from then on; one that is over, not at all. It neither starts nor holds the run, and
 * a tracer that throws ends the tracing alone, which OpenTelemetry's `diag` logger is told.
 *
 * @returns a subscription: leaving it ends the spans that are open
 * @throws InvalidOptionsError where the run, the tracer or an option can't be used
 * @example
 * ```ts
 * import { trace } from '@opentelemetry/api';
 *
 * const run = flights.run({ inputs: { path: 'flights.parquet' } });
 * traceRun(run, trace.getTracer('flights'));
 * await run.result();
 * ```
 */
export function traceRun(run: TracedRun, tracer: Tracer, options: TraceRunOptions = {}): Subscription {
  checkArguments(run, tracer, options);
  const parent = options.context ?? context.active();
  const subscription = new Subscription();
  let spans: RunSpans | undefined;
  let latest = 0;
  /** Calls the tracer, which is somebody else's code. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      spans = undefined;
      diag.error(
        `millrace: a run of '${run.workflow.name}' is no longer traced, as the tracer has thrown`,
        error,
      );
      subscription.unsubscribe();
    }
  };
  subscription.add(() => {
    const open = spans;
    spans = undefined;
    if (open !== undefined) {
      guarded(() => {
        open.end(latest);
      });
    }
  });
  /** The context for the body of an attempt; `undefined` where it isn't traced. */
  const contextFor = (attempt: AroundAttempt): Context | undefined => {
    let found: Context | undefined;
    guarded(() => {
      found = spans?.contextOf(attempt.stepId, attempt.attempt, context.active());
      if (found === undefined) return;
      const carrier: Record<string, string> = {};
      propagation.inject(found, carrier);
      attempt.carry(carrier);
    });
    return found;
  };
  subscription.add(
    run.around?.((attempt, next) => {
      const active = contextFor(attempt);
      return active === undefined ? next() : context.with(active, next);
    }),
  );
  subscription.add(
    run.progress$.subscribe({
      next: (event) => {
        guarded(() => {
          latest = event.at;
          spans ??= new RunSpans(tracer, parent, run.workflow, event, monotonicNow());
          if (spans.follow(event)) spans = undefined;
        });
      },
      error: (error: unknown) => {
        diag.error('millrace: the events of a traced run have failed', error);
      },
    }),
  );
  return subscription;
}

function checkArguments(run: TracedRun, tracer: Tracer, options: TraceRunOptions): void {
  const checker = new OptionChecker();
  if (!hasProgress(run)) checker.fail('the run', 'a run', run);
  if (typeof (tracer as Partial<Tracer> | null | undefined)?.startSpan !== 'function') {
    checker.fail('the tracer', "a Tracer, as trace.getTracer('…') gives", tracer);
  }
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['context']);
    if (options.context !== undefined && typeof options.context.getValue !== 'function') {
      checker.fail('context', 'a Context of OpenTelemetry', options.context);
    }
  }
  checker.throwIfAny('traceRun');
}

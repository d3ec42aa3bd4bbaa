import { InvalidOptionsError } from '../base/errors.ts';
import { isError } from '../base/is-error.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { aboutRun } from './about-run.ts';
import { recordingOf } from './record.ts';
import { isReportable, type ReportedRun } from './reported-run.ts';
import type { PicturedRun } from './timeline-of.ts';

/**
 * What there is to draw of a run: what was recorded, else what it still knows.
 *
 * @throws InvalidOptionsError where it is neither a run nor what was recorded of one
 */
export function picturedRun(owner: string, run: PicturedRun | ReportedRun): PicturedRun {
  if (isReportable(run)) return recordingOf(run) ?? unrecorded(run);
  if (isPictured(run)) return run;
  throw new InvalidOptionsError(owner, [
    { option: 'the run', expected: 'a run, or what `record` or `readJsonLines` gives of one', value: run },
  ]);
}

function isPictured(value: unknown): boolean {
  const { workflow, limits, events } = (value ?? {}) as Partial<Record<keyof PicturedRun, unknown>>;
  return isObject(workflow) && isObject(limits) && Array.isArray(events);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Where it stands, a bar a step; and, where it has failed, why. Of what happened in between nobody has kept anything. */
function unrecorded(run: ReportedRun): PicturedRun {
  const { workflow, limits, runId } = run;
  const snapshot = run.snapshot();
  const { startedAt, endedAt, status, steps } = snapshot;
  if (startedAt === null) return { workflow, limits, events: [], about: aboutRun(run) };
  const durationMs = run.metrics().totalMs;
  const at = startedAt + durationMs;
  let seq = 0;
  const common = () => ({ seq: ++seq, at, runId });
  const events: ProgressEvent[] = [
    {
      ...common(),
      type: 'warning',
      topic: 'dropped',
      message:
        'nobody has recorded this run: there is a bar a step, and neither single attempts nor what was taken, logged or warned of; call record(run) before it starts',
      stepId: '',
      attempt: 0,
    },
  ];
  const error = endedAt === null || status === 'completed' ? undefined : errorOf(run);
  if (status === 'failed') {
    for (const failure of failuresIn(error)) {
      const step = steps.get(failure.stepId);
      if (step?.status !== 'failed') continue;
      const { startedAt: from, endedAt: to, attempts: attempt, id: stepId } = step;
      const took = from === null || to === null ? 0 : to - from;
      events.push({
        ...common(),
        at: to ?? at,
        type: 'step-failed',
        stepId,
        attempt,
        durationMs: took,
        error: failure,
      });
    }
    events.push({ ...common(), type: 'run-failed', durationMs, error });
  } else if (status === 'cancelled') {
    events.push({ ...common(), type: 'run-cancelled', durationMs, reason: reasonOf(error) });
  }
  return { workflow, limits, events, snapshot: { ...snapshot, at }, about: aboutRun(run) };
}

/** What a run that is over has ended with. */
function errorOf(run: ReportedRun): unknown {
  let found: unknown;
  run.result$
    .subscribe({
      error: (error: unknown) => {
        found = error;
      },
    })
    .unsubscribe();
  return found;
}

/** A cancelled run's error says why. */
function reasonOf(error: unknown): unknown {
  return isError(error) ? (error as { readonly reason?: unknown }).reason : undefined;
}

interface Failure {
  readonly stepId: string;
}

/** The failures of steps in what a run ended with: it is one, or has several. */
function failuresIn(error: unknown): Failure[] {
  const { errors } = (error ?? {}) as { readonly errors?: unknown };
  const all: unknown[] = Array.isArray(errors) ? errors : [error];
  return all.filter(
    (each): each is Failure => isError(each) && typeof (each as Partial<Failure>).stepId === 'string',
  );
}

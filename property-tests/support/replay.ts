import type { Demand } from '../../lib/index.ts';
import { NaiveAdmission, type Units } from '../../test/admission/support/naive-admission.ts';
import type { Entry, Journal } from './journal.ts';
import { byRank } from './naive-ranks.ts';
import type { Scenario } from './scenario.ts';

/** What a step takes, the place in `concurrency` included. */
export function wholeDemand({ run, steps }: Scenario, stepId: string): Demand {
  const demand = steps.find(({ id }) => id === stepId)?.demand ?? {};
  return run.concurrency === undefined ? demand : { ...demand, concurrency: 1 };
}

/** The limits of a scenario, `concurrency` included. */
export function allLimits({ run }: Scenario): Record<string, number> {
  return { ...run.limits, ...(run.concurrency === undefined ? {} : { concurrency: run.concurrency }) };
}

/** A step that waits, or an attempt of it that holds what it takes. */
interface Attempt {
  readonly stepId: string;
  readonly rank: number;
  readonly units: Units;
  /** Its number, once it has started. */
  attempt: number;
}

/**
 * Goes through what happened and asks the plain list that specifies admission, at each point, who must start: from the settlements alone.
 *
 * Calls `onStart` with the one that started, the one that should have, and those that waited, in order; `onQuiet` whenever control is
 * back at the scheduler, with the one that should have started but hasn't; and `onHopeless` with one that fails while it waits, and
 * whether it could never fit any more.
 */
export function replay(
  scenario: Scenario,
  journal: Journal,
  judge: {
    readonly onStart: (started: string, expected: string | undefined, waiting: readonly string[]) => void;
    readonly onQuiet?: (expected: string | undefined) => void;
    readonly onHopeless?: (stepId: string, isHopeless: boolean) => void;
  },
): void {
  const limits = Object.entries(allLimits(scenario));
  const ranking = byRank(scenario);
  const model = new NaiveAdmission<Attempt>(
    limits.map(([, limit]) => limit),
    scenario.run.maxOvertakes ?? 64,
  );
  const waitingFor = new Map(scenario.steps.map(({ id, dependsOn }) => [id, dependsOn.length]));
  let isStopped = false;

  const makeReady = (stepId: string): void => {
    const demand = wholeDemand(scenario, stepId);
    const units = limits.map(([name]) => demand[name] ?? 0);
    model.enqueue({ stepId, rank: ranking.indexOf(stepId), units, attempt: 0 });
  };
  const start = (stepId: string, attempt: number): void => {
    const waiting = model.waiting.map((each) => each.stepId);
    const admitted = isStopped ? undefined : model.admit();
    judge.onStart(stepId, admitted?.stepId, waiting);
    if (admitted !== undefined) admitted.attempt = attempt;
  };
  const release = (stepId: string): Attempt[] => {
    const place = model.running.findIndex((each) => each.stepId === stepId);
    return place === -1 ? [] : model.running.splice(place, 1);
  };
  const rest = (): void => {
    judge.onQuiet?.(isStopped ? undefined : model.next?.stepId);
  };
  const heed = (entry: Entry): void => {
    switch (entry.kind) {
      case 'tick':
        rest();
        if (entry.backOffOf !== undefined && !isStopped) makeReady(entry.backOffOf);
        break;
      case 'cancelling':
        isStopped = true;
        break;
      case 'gone': {
        // A body that was given up has stopped after all.
        const { stepId, attempt } = entry;
        const place = model.forfeited.findIndex((each) => each.stepId === stepId && each.attempt === attempt);
        if (place !== -1) model.forfeited.splice(place, 1);
        break;
      }
      case 'event':
        heedEvent(entry);
        break;
      default:
    }
  };
  const heedEvent = ({ event }: Extract<Entry, { kind: 'event' }>): void => {
    switch (event.type) {
      case 'run-started':
        for (const { id, dependsOn } of scenario.steps) if (dependsOn.length === 0) makeReady(id);
        break;
      case 'step-started':
        start(event.stepId, event.attempt);
        break;
      case 'warning':
        if (event.topic === 'abandoned') model.forfeited.push(...release(event.stepId));
        break;
      case 'step-completed':
        release(event.stepId);
        for (const { id } of scenario.dependentsOf(event.stepId)) {
          const left = (waitingFor.get(id) ?? 0) - 1;
          waitingFor.set(id, left);
          if (left === 0 && !isStopped) makeReady(id);
        }
        break;
      case 'step-retrying':
        release(event.stepId);
        if (event.delayMs === 0) makeReady(event.stepId);
        break;
      case 'step-failed': {
        const waiting = model.waiting.find(({ stepId }) => stepId === event.stepId);
        if (waiting !== undefined) judge.onHopeless?.(event.stepId, model.neverFits(waiting));
        leave(event.stepId);
        if (scenario.run.onFailure === 'fail-fast') isStopped = true;
        break;
      }
      case 'step-cancelled':
        isStopped = true;
        leave(event.stepId);
        break;
      default:
    }
  };
  const leave = (stepId: string): void => {
    model.leave((each) => each.stepId === stepId);
    release(stepId);
  };
  for (const entry of journal.entries) heed(entry);
  rest();
}

import type { Demand } from '../../lib/index.ts';
import type { Entry, Journal } from './journal.ts';
import { ListAdmission } from './list-admission.ts';
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

/**
 * Goes through what happened and asks the list model at each point who must start, from the settlements alone.
 *
 * Calls `onStart` with the one that started and the one that should have, and `onQuiet` whenever control is back at
 * the scheduler, with the one that should have started but hasn't.
 */
export function replay(
  scenario: Scenario,
  journal: Journal,
  judge: {
    readonly onStart: (started: string, expected: string | undefined, model: ListAdmission) => void;
    readonly onQuiet: (expected: string | undefined, model: ListAdmission) => void;
    readonly onHopeless?: (stepId: string, isHopeless: boolean) => void;
  },
): void {
  const model = new ListAdmission(byRank(scenario), allLimits(scenario), scenario.run.maxOvertakes ?? 64);
  const waitingFor = new Map(scenario.steps.map(({ id, dependsOn }) => [id, dependsOn.length]));
  /** Whose back-off the scheduler's next action, and each known one, ends. */
  let nextBackOff: string | undefined;
  const backOffs = new Map<number, string>();
  let isStopped = false;

  const makeReady = (id: string): void => {
    model.ready(id, wholeDemand(scenario, id));
  };
  const heed = (entry: Entry): void => {
    switch (entry.kind) {
      case 'scheduled':
        if (nextBackOff !== undefined) backOffs.set(entry.action, nextBackOff);
        nextBackOff = undefined;
        break;
      case 'tick': {
        judge.onQuiet(isStopped ? undefined : model.next(), model);
        const retried = backOffs.get(entry.action);
        if (retried !== undefined && !isStopped) makeReady(retried);
        break;
      }
      case 'cancelling':
        isStopped = true;
        break;
      case 'gone':
        // A body that was given up has stopped after all.
        model.recover(entry.stepId, entry.attempt);
        break;
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
        judge.onStart(event.stepId, isStopped ? undefined : model.next(), model);
        model.start(event.stepId);
        break;
      case 'warning':
        if (event.topic === 'abandoned') model.abandon(event.stepId, event.attempt);
        break;
      case 'step-completed':
        model.release(event.stepId);
        for (const { id } of scenario.dependentsOf(event.stepId)) {
          const left = (waitingFor.get(id) ?? 0) - 1;
          waitingFor.set(id, left);
          if (left === 0 && !isStopped) makeReady(id);
        }
        break;
      case 'step-retrying':
        model.release(event.stepId);
        if (event.delayMs === 0) makeReady(event.stepId);
        else nextBackOff = event.stepId;
        break;
      case 'step-failed':
        if (model.isWaiting(event.stepId))
          judge.onHopeless?.(event.stepId, model.hopeless.includes(event.stepId));
        model.leave(event.stepId);
        model.release(event.stepId);
        if (scenario.run.onFailure === 'fail-fast') isStopped = true;
        break;
      case 'step-cancelled':
        isStopped = true;
        model.leave(event.stepId);
        model.release(event.stepId);
        break;
      default:
    }
  };
  for (const entry of journal.entries) heed(entry);
  judge.onQuiet(isStopped ? undefined : model.next(), model);
}

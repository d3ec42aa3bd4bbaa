import type { Attributes } from '@opentelemetry/api';
import type { Demand } from '../admission/demand.ts';
import type { WorkflowInfo } from '../definition/workflow-info.ts';
import { Descent } from '../observe/descent.ts';
import {
  originIn,
  type ProgressEvent,
  type StepRetrying,
  type StepStarted,
} from '../observe/progress-event.ts';
import { rootOf, typeOf } from './error-type.ts';
import type { RunInstruments } from './instruments.ts';
import { classesOf } from './resource-name.ts';

type EndOfAttempt = Extract<
  ProgressEvent,
  { readonly type: 'step-retrying' | 'step-completed' | 'step-failed' | 'step-cancelled' }
>;

/**
 * What one run adds to the measures of all: a fold over its events.
 *
 * Attributes are of the workflow's own steps. What came of one of these is counted under its id, whatever its key, and told apart by
 * `millrace.step.within`.
 */
export class RunMeasures {
  readonly #instruments: RunInstruments;
  readonly #workflow: Attributes;
  readonly #demands: ReadonlyMap<string, Demand>;
  readonly #descent = new Descent();
  /** When attempts have started, and what is said of them. */
  readonly #running = new Map<string, { readonly at: number; readonly attributes: Attributes }>();
  /** Of those that came while the run was under way and aren't settled. */
  readonly #addedDemands = new Map<string, Demand>();
  #isActive = false;

  constructor(instruments: RunInstruments, workflow: WorkflowInfo) {
    this.#instruments = instruments;
    this.#workflow = { 'millrace.workflow.name': workflow.name };
    this.#demands = new Map(Array.from(workflow.steps, ({ id, demand }) => [id, demand]));
  }

  follow(event: ProgressEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#isActive = true;
        this.#instruments.activeRuns.add(1, this.#workflow);
        break;
      case 'step-added':
        this.#addedDemands.set(event.stepId, event.demand);
        break;
      case 'step-started':
        this.#start(event);
        break;
      case 'step-retrying':
        this.#retry(event);
        break;
      case 'step-completed': {
        const origin = originIn(event);
        if (origin !== undefined)
          this.#instruments.reuses.add(1, { ...this.#stepOf(event.stepId), 'millrace.step.origin': origin });
        this.#end(event, 'completed');
        break;
      }
      case 'step-failed':
        this.#instruments.failures.add(1, {
          ...this.#stepOf(event.stepId),
          'error.type': typeOf(rootOf(event.error)),
        });
        this.#end(event, 'failed');
        break;
      case 'step-cancelled':
        this.#end(event, 'cancelled');
        break;
      case 'step-skipped':
        this.#addedDemands.delete(event.stepId);
        break;
      case 'run-completed':
        this.#finish('completed', event.durationMs, {});
        break;
      case 'run-failed':
        this.#finish('failed', event.durationMs, { 'error.type': typeOf(event.error) });
        break;
      case 'run-cancelled':
        this.#finish('cancelled', event.durationMs, {});
        break;
      default:
        // The rest says nothing of how long something took.
        break;
    }
    this.#descent.add(event);
  }

  /** Nobody follows it any more. */
  leave(): void {
    if (this.#isActive) this.#instruments.activeRuns.add(-1, this.#workflow);
    this.#isActive = false;
  }

  #start({ stepId, at, waited }: StepStarted): void {
    const demand = this.#addedDemands.get(stepId) ?? this.#demands.get(stepId) ?? {};
    const attributes = { ...this.#stepOf(stepId), 'millrace.resource.classes': classesOf(demand) };
    this.#running.set(stepId, { at, attributes });
    this.#instruments.stepWait.record((waited?.ms ?? 0) / 1000, {
      ...attributes,
      ...(waited === undefined ? {} : { 'millrace.wait.reason': waited.for.kind }),
    });
  }

  #retry(event: StepRetrying): void {
    this.#instruments.retries.add(1, {
      ...this.#stepOf(event.stepId),
      'error.type': typeOf(event.error),
    });
    this.#record(event, 'retried');
  }

  #end(event: EndOfAttempt, outcome: string): void {
    this.#record(event, outcome);
    this.#addedDemands.delete(event.stepId);
  }

  #record({ stepId, at }: EndOfAttempt, outcome: string): void {
    const running = this.#running.get(stepId);
    if (running === undefined) return;
    this.#running.delete(stepId);
    this.#instruments.stepDuration.record((at - running.at) / 1000, {
      ...running.attributes,
      'millrace.outcome': outcome,
    });
  }

  #finish(outcome: string, durationMs: number, more: Attributes): void {
    this.#instruments.runDuration.record(durationMs / 1000, {
      ...this.#workflow,
      'millrace.outcome': outcome,
      ...more,
    });
    this.leave();
  }

  #stepOf(stepId: string): Attributes {
    const originId = this.#descent.originOf(stepId);
    return {
      ...this.#workflow,
      'millrace.step.id': originId ?? stepId,
      ...(originId === undefined ? {} : { 'millrace.step.within': true }),
    };
  }
}

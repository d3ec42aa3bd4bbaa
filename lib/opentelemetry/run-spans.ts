import {
  type Attributes,
  type Context,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { fieldOf, partsOfError } from '../base/error-parts.ts';
import { textOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import type { StepInfo } from '../definition/step-info.ts';
import type { WorkflowInfo } from '../definition/workflow-info.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { SpanTime } from './span-time.ts';

/**
 * The spans of one run: one for the run, and one for each attempt of a step, a child of it.
 *
 * 1. A span of an attempt links to the spans in which the step's dependencies completed.
 * 2. Every span that was started is ended, at the latest by `end`.
 */
export class RunSpans {
  readonly #tracer: Tracer;
  readonly #infos: ReadonlyMap<string, StepInfo>;
  readonly #time: SpanTime;
  readonly #context: Context;
  readonly #run: Span;
  readonly #open = new Map<string, Span>();
  readonly #completed = new Map<string, SpanContext>();

  constructor(tracer: Tracer, parent: Context, workflow: WorkflowInfo, first: ProgressEvent, now: number) {
    this.#tracer = tracer;
    this.#infos = new Map(Array.from(workflow.steps, (info) => [info.id, info]));
    this.#time = new SpanTime(first.at, now);
    const attributes: Attributes = {
      'millrace.run.id': first.runId,
      'millrace.workflow.name': workflow.name,
      'millrace.workflow.steps': workflow.steps.size,
    };
    this.#run = tracer.startSpan(workflow.name, { startTime: this.#time.of(first.at), attributes }, parent);
    this.#context = trace.setSpan(parent, this.#run);
  }

  /** Follows one event. Says whether it was the run's last. */
  follow(event: ProgressEvent): boolean {
    switch (event.type) {
      case 'run-waiting':
        this.#note('run waiting', { 'millrace.runs.waiting': event.waiting }, event.at);
        return false;
      case 'run-started':
      case 'step-progress':
        return false;
      case 'step-started':
        this.#start(event);
        return false;
      case 'step-offloaded':
        this.#open.get(event.stepId)?.setAttribute('millrace.thread', event.thread);
        return false;
      case 'step-completed': {
        const span = this.#end(event);
        if (span !== undefined) this.#completed.set(event.stepId, span.spanContext());
        return false;
      }
      case 'step-retrying':
        this.#open.get(event.stepId)?.setAttribute('millrace.retry.delay_ms', event.delayMs);
        this.#fail(this.#open.get(event.stepId), event.error, event.at);
        this.#end(event);
        return false;
      case 'step-failed':
        this.#fail(this.#open.get(event.stepId), rootOf(event.error), event.at);
        this.#end(event);
        return false;
      case 'step-cancelled': {
        const span = this.#open.get(event.stepId);
        if (span === undefined) this.#note('step cancelled', { 'millrace.step.id': event.stepId }, event.at);
        span?.setAttribute('millrace.cancelled', true);
        this.#end(event);
        return false;
      }
      case 'step-skipped':
        this.#note(
          'step skipped',
          { 'millrace.step.id': event.stepId, 'millrace.step.because': event.because },
          event.at,
        );
        return false;
      case 'log':
        this.#spanOf(event.stepId).addEvent('log', { 'log.message': event.message }, this.#time.of(event.at));
        return false;
      case 'warning':
        this.#spanOf(event.stepId).addEvent(
          'warning',
          { 'log.message': event.message, 'millrace.warning.topic': event.topic },
          this.#time.of(event.at),
        );
        return false;
      case 'run-paused':
      case 'run-resumed':
        this.#note(
          event.type === 'run-paused' ? 'run paused' : 'run resumed',
          event.resource === undefined ? {} : { 'millrace.resource': event.resource },
          event.at,
        );
        return false;
      case 'limits-changed':
        this.#note('limits changed', prefixed('millrace.limit.', event.limits), event.at);
        return false;
      case 'run-completed':
        break;
      case 'run-failed':
        this.#fail(this.#run, event.error, event.at);
        break;
      case 'run-cancelled':
        this.#run.setAttributes({
          'millrace.cancelled': true,
          'millrace.cancel.reason': textOf(event.reason),
        });
    }
    this.end(event.at);
    return true;
  }

  /** Ends every span that is open. */
  end(at: number): void {
    for (const span of this.#open.values()) span.end(this.#time.of(at));
    this.#open.clear();
    this.#run.end(this.#time.of(at));
  }

  #start({
    stepId,
    attempt,
    at,
  }: {
    readonly stepId: string;
    readonly attempt: number;
    readonly at: number;
  }): void {
    const info = this.#infos.get(stepId);
    const attributes: Attributes = {
      'millrace.step.id': stepId,
      'millrace.step.attempt': attempt,
      ...(info?.group === undefined ? {} : { 'millrace.step.group': info.group }),
      ...(info === undefined || info.tags.length === 0 ? {} : { 'millrace.step.tags': [...info.tags] }),
      ...prefixed('millrace.demand.', info?.demand ?? {}),
    };
    const links: Link[] = [];
    for (const id of info?.dependsOn ?? []) {
      const completed = this.#completed.get(id);
      if (completed !== undefined) links.push({ context: completed });
    }
    const startTime = this.#time.of(at);
    this.#open.set(stepId, this.#tracer.startSpan(stepId, { startTime, attributes, links }, this.#context));
  }

  #end({ stepId, at }: { readonly stepId: string; readonly at: number }): Span | undefined {
    const span = this.#open.get(stepId);
    this.#open.delete(stepId);
    span?.end(this.#time.of(at));
    return span;
  }

  #fail(span: Span | undefined, error: unknown, at: number): void {
    if (span === undefined) return;
    span.recordException(exceptionOf(error), this.#time.of(at));
    span.setAttribute('error.type', typeOf(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: textOf(error) });
  }

  #note(name: string, attributes: Attributes, at: number): void {
    this.#run.addEvent(name, attributes, this.#time.of(at));
  }

  #spanOf(stepId: string): Span {
    return this.#open.get(stepId) ?? this.#run;
  }
}

function prefixed(prefix: string, amounts: Readonly<Record<string, number>>): Attributes {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [prefix + name, amount]));
}

/** What the step's function has thrown, rather than what the engine has wrapped around it. */
function rootOf(error: unknown): unknown {
  return (isError(error) ? fieldOf(error, 'cause') : undefined) ?? error;
}

/** What OpenTelemetry reads of an error, read for it: a part that throws or is no text would end the tracing. */
function exceptionOf(error: unknown): Exception {
  if (!isError(error)) return textOf(error);
  const parts = new Map(
    partsOfError(error, (key) => inException.has(key)).fields.map(([key, value]) => [key, value]),
  );
  const [code, stack] = [parts.get('code'), parts.get('stack')];
  return {
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    name: textOf(parts.get('name')),
    message: textOf(error),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
}

const inException: ReadonlySet<string> = new Set(['name', 'stack', 'code']);

function typeOf(error: unknown): string {
  if (!isError(error)) return typeof error;
  const code = fieldOf(error, 'code');
  return typeof code === 'string' ? code : textOf(fieldOf(error, 'name'));
}

// Long because it is one list: what each event means for the spans of a run.
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
import type { Demand } from '../admission/demand.ts';
import { partsOfError } from '../base/error-parts.ts';
import { textOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import type { StepInfo } from '../definition/step-info.ts';
import type { WorkflowInfo } from '../definition/workflow-info.ts';
import type { ProgressEvent, StepAdded } from '../observe/progress-event.ts';
import { rootOf, typeOf } from './error-type.ts';
import { SpanTime } from './span-time.ts';

/** What is known of a step before it starts. */
interface KnownStep extends Pick<StepInfo, 'dependsOn'> {
  readonly demand?: Demand | undefined;
  readonly group?: string | undefined;
  readonly tags?: readonly string[];
  /** The context of the attempt that it came of, where it came while the run was under way. */
  readonly parent?: Context | undefined;
}

/** An attempt that has started and isn't over. */
interface OpenSpan {
  readonly attempt: number;
  readonly span: Span;
  /** Where the span is the active one. */
  readonly context: Context;
}

/**
 * The spans of one run: one for the run, and one for each attempt of a step, a child of it. Those of children and of steps of subflows are
 * below the attempt that they came of.
 *
 * 1. A span of an attempt links to the spans in which the step's dependencies completed.
 * 2. Every span that was started is ended, at the latest by `end`.
 */
export class RunSpans {
  readonly #tracer: Tracer;
  readonly #infos: ReadonlyMap<string, KnownStep>;
  /** Those that came while the run was under way and aren't settled. */
  readonly #added = new Map<string, KnownStep>();
  /** Whom others depend on, so that they are linked to. */
  readonly #needed: Set<string>;
  readonly #time: SpanTime;
  readonly #context: Context;
  readonly #run: Span;
  readonly #open = new Map<string, OpenSpan>();
  #latest: number;
  readonly #completed = new Map<string, SpanContext>();

  constructor(tracer: Tracer, parent: Context, workflow: WorkflowInfo, first: ProgressEvent, now: number) {
    this.#tracer = tracer;
    this.#infos = new Map(Array.from(workflow.steps, (info) => [info.id, info]));
    this.#needed = new Set(Array.from(workflow.steps).flatMap(({ dependsOn }) => dependsOn));
    this.#latest = first.at;
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
    this.#latest = event.at;
    switch (event.type) {
      case 'run-waiting':
        this.#note('run waiting', { 'millrace.runs.waiting': event.waiting }, event.at);
        return false;
      case 'run-started':
      case 'step-progress':
      case 'holds-changed':
        return false;
      case 'step-added':
        this.#add(event);
        return false;
      case 'step-started':
        this.#start(event);
        return false;
      case 'step-offloaded':
        this.#open.get(event.stepId)?.span.setAttribute('millrace.thread', event.thread);
        return false;
      case 'step-completed': {
        const span = this.#end(event);
        this.#added.delete(event.stepId);
        if (span !== undefined && this.#needed.has(event.stepId))
          this.#completed.set(event.stepId, span.spanContext());
        return false;
      }
      case 'step-retrying':
        this.#open.get(event.stepId)?.span.setAttribute('millrace.retry.delay_ms', event.delayMs);
        this.#fail(this.#open.get(event.stepId)?.span, event.error, event.at);
        this.#end(event);
        return false;
      case 'step-failed':
        this.#added.delete(event.stepId);
        this.#fail(this.#open.get(event.stepId)?.span, rootOf(event.error), event.at);
        this.#end(event);
        return false;
      case 'step-cancelled': {
        const span = this.#open.get(event.stepId)?.span;
        this.#added.delete(event.stepId);
        if (span === undefined) this.#note('step cancelled', { 'millrace.step.id': event.stepId }, event.at);
        span?.setAttribute('millrace.cancelled', true);
        this.#end(event);
        return false;
      }
      case 'step-skipped':
        this.#added.delete(event.stepId);
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
    for (const { span } of this.#open.values()) span.end(this.#time.of(at));
    this.#open.clear();
    this.#run.end(this.#time.of(at));
  }

  /** The context in which the span of an attempt is the active one, on top of another. */
  contextOf(stepId: string, attempt: number, base: Context): Context {
    // Where a subscriber has set it going, the event comes a little later.
    return trace.setSpan(base, this.#start({ stepId, attempt, at: this.#latest }).span);
  }

  #add({ stepId, parentId, dependsOn, demand }: StepAdded): void {
    for (const id of dependsOn) this.#needed.add(id);
    this.#added.set(stepId, { dependsOn, demand, parent: this.#open.get(parentId)?.context });
  }

  #start({
    stepId,
    attempt,
    at,
  }: {
    readonly stepId: string;
    readonly attempt: number;
    readonly at: number;
  }): OpenSpan {
    const known = this.#open.get(stepId);
    if (known?.attempt === attempt) return known;
    const info = this.#infos.get(stepId) ?? this.#added.get(stepId);
    const attributes: Attributes = {
      'millrace.step.id': stepId,
      'millrace.step.attempt': attempt,
      ...(info?.group === undefined ? {} : { 'millrace.step.group': info.group }),
      ...(info?.tags === undefined || info.tags.length === 0 ? {} : { 'millrace.step.tags': [...info.tags] }),
      ...prefixed('millrace.demand.', info?.demand ?? {}),
    };
    const links: Link[] = [];
    for (const id of info?.dependsOn ?? []) {
      const completed = this.#completed.get(id);
      if (completed !== undefined) links.push({ context: completed });
    }
    const startTime = this.#time.of(at);
    const parent = info?.parent ?? this.#context;
    const span = this.#tracer.startSpan(stepId, { startTime, attributes, links }, parent);
    const open = { attempt, span, context: trace.setSpan(parent, span) };
    this.#open.set(stepId, open);
    return open;
  }

  #end({ stepId, at }: { readonly stepId: string; readonly at: number }): Span | undefined {
    const span = this.#open.get(stepId)?.span;
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
    return this.#open.get(stepId)?.span ?? this.#run;
  }
}

function prefixed(prefix: string, amounts: Readonly<Record<string, number>>): Attributes {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [prefix + name, amount]));
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

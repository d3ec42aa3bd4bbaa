import type { Demand } from '../admission/demand.ts';
import { ownOf } from '../base/record.ts';
import { Holdings } from '../observe/holdings.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RecordedStep, Recording, TraceEntry } from './recording.ts';

/** What a run's events say of its resources, event by event: who holds what, and who waits for what. */
export class ResourcesOverTime {
  readonly limits: Record<string, number>;
  /** The steps whose attempt runs. */
  readonly running = new Set<string>();
  /** The steps whose dependencies have completed and that have not started; those in a back-off apart. */
  readonly ready = new Set<string>();
  /** Whether the run lets nothing start. */
  isStopping = false;
  readonly paused = new Set<string | undefined>();
  readonly #steps: Map<string, Pick<RecordedStep, 'demand'>>;
  readonly #holdings = new Holdings();
  readonly #dependents = new Map<string, string[]>();
  readonly #waitingFor = new Map<string, number>();
  /** The steps of which the events don't tell whether they are ready, as long as they haven't started. */
  readonly #untold = new Set<string>();
  /** Those of them that start together with others, or may: of what comes while the run is under way, events don't tell. */
  readonly #together: Set<string>;
  /** When the back-offs end that steps are in, or were in and wait since. */
  readonly #backOffEnds = new Map<string, number>();

  constructor({ steps, limits }: Recording) {
    this.limits = { ...limits };
    this.#steps = new Map(steps.map((step) => [step.id, step]));
    const producers = new Set(
      steps.flatMap(({ specialNeeds }) =>
        specialNeeds.flatMap(({ as, stepId }) => (as === 'stream' ? [stepId] : [])),
      ),
    );
    const readers = steps.filter(({ specialNeeds }) => specialNeeds.some(({ as }) => as === 'stream'));
    this.#together = new Set([...producers, ...readers.map(({ id }) => id)]);
    for (const { id, dependsOn, specialNeeds, isConditional } of steps) {
      const isUntold = specialNeeds.length > 0 || isConditional || producers.has(id);
      if (isUntold) this.#untold.add(id);
      this.#waitingFor.set(id, isUntold ? Infinity : dependsOn.length);
      for (const needed of dependsOn)
        this.#dependents.set(needed, [...(this.#dependents.get(needed) ?? []), id]);
    }
  }

  /** The steps that wait for resources once more, as their back-off is over. */
  readyAgainAt(at: number): string[] {
    return [...this.#backOffEnds].flatMap(([id, end]) => (end <= at ? [id] : []));
  }

  /** The classes that steps wait for, for all that the events tell. */
  lackedAt(at: number): Set<string> {
    const waiting = [...this.ready, ...this.readyAgainAt(at), ...this.#untold];
    return new Set(
      waiting.flatMap((id) => (this.#together.has(id) ? Object.keys(this.demandOf(id)) : this.lackedBy(id))),
    );
  }

  /** How much of each class is taken. */
  get taken(): ReadonlyMap<string, number> {
    return this.#holdings.taken;
  }

  /** The steps that hold something. */
  get holders(): readonly string[] {
    return this.#holdings.holders;
  }

  /** What a step takes, its place in `concurrency` included. */
  demandOf(id: string): Demand {
    const demand = this.#steps.get(id)?.demand ?? {};
    return 'concurrency' in this.limits ? { ...demand, concurrency: 1 } : demand;
  }

  /** The classes of which a step demands more than is free. */
  lackedBy(id: string): string[] {
    return Object.entries(this.demandOf(id))
      .filter(
        ([name, amount]) =>
          (this.taken.get(name) ?? 0) + amount > (ownOf(this.limits, name) ?? Infinity) * (1 + 1e-9),
      )
      .map(([name]) => name);
  }

  heed(entry: TraceEntry): void {
    if (entry.kind !== 'event') return;
    this.#holdings.add(entry.event);
    this.#heedEvent(entry.event);
  }

  #heedEvent(event: ProgressEvent): void {
    switch (event.type) {
      case 'run-started':
        for (const [id, count] of this.#waitingFor) if (count === 0) this.ready.add(id);
        break;
      case 'step-added':
        this.#steps.set(event.stepId, event);
        this.#untold.add(event.stepId);
        this.#together.add(event.stepId);
        // It only waits for others from now on.
        this.running.delete(event.parentId);
        break;
      case 'step-started':
        this.ready.delete(event.stepId);
        this.#untold.delete(event.stepId);
        this.#backOffEnds.delete(event.stepId);
        this.running.add(event.stepId);
        break;
      case 'step-completed':
        this.#end(event.stepId);
        // One that was known may end before what it depends on has completed.
        this.#waitingFor.delete(event.stepId);
        for (const id of this.#dependents.get(event.stepId) ?? []) {
          const left = (this.#waitingFor.get(id) ?? Infinity) - 1;
          this.#waitingFor.set(id, left);
          if (left === 0) this.ready.add(id);
        }
        break;
      case 'step-retrying':
        this.#end(event.stepId);
        this.#backOffEnds.set(event.stepId, event.at + event.delayMs);
        break;
      case 'step-failed':
      case 'step-cancelled':
      case 'step-skipped':
        this.#end(event.stepId);
        this.#backOffEnds.delete(event.stepId);
        // One that nobody needs any more may end before what it waits for has completed.
        this.#waitingFor.delete(event.stepId);
        break;
      case 'run-paused':
        this.paused.add(event.resource);
        break;
      case 'run-resumed':
        this.paused.delete(event.resource);
        break;
      case 'limits-changed':
        Object.assign(this.limits, event.limits);
        break;
      default:
    }
    if (event.type === 'step-failed' || (event.type === 'step-cancelled' && event.because === undefined))
      this.isStopping = true;
  }

  #end(id: string): void {
    this.ready.delete(id);
    this.#untold.delete(id);
    this.running.delete(id);
  }
}

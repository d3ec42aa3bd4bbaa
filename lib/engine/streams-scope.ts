import { CancelledError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { StepFailedError } from '../observe/failures.ts';
import type { Edges } from './edges.ts';
import type { Scope, ScopeRun } from './scope.ts';
import { nobody, type Row } from './step-table.ts';
import { reasonOf } from './stop.ts';

/** A graph whose steps streams connect. */
export interface StreamedGraph extends Scope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly edges: Edges | undefined;
  /** What its steps have failed with. */
  readonly errors: ReadonlyMap<number, StepFailedError>;
  failStep(step: number, cause: unknown, by: Row): void;
}

/** What streams ask of their graph. Steps are known by their places. */
export class StreamsScope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly run: ScopeRun;
  readonly #graph: StreamedGraph;

  constructor(graph: StreamedGraph) {
    this.#graph = graph;
    this.blueprint = graph.blueprint;
    this.first = graph.first;
    this.run = graph.run;
  }

  /** Whether nothing may start any more. */
  get isStopped(): boolean {
    return this.#graph.stopped !== undefined;
  }

  idOf(step: number): string {
    return this.#graph.idOf(this.#definitionOf(step));
  }

  /** What a step failed with, or was stopped for. */
  reasonOf(step: number): unknown {
    const { stopped, errors } = this.#graph;
    const reason = stopped === undefined ? undefined : reasonOf(stopped);
    return (
      errors.get(step) ?? new CancelledError(reason, `the stream of step '${this.#definitionOf(step).id}'`)
    );
  }

  /** Whether the run has what a step demands; where it hasn't, the step fails. */
  isFit(step: number): boolean {
    try {
      this.#graph.shapeOf(this.first + step);
      return true;
    } catch (error) {
      this.failStep(step, error);
      return false;
    }
  }

  /** A step competes for its resources from now on, together with others. */
  noteReady(step: number): void {
    this.run.noteReady(this.#graph, this.first + step, this.#graph.shapeOf(this.first + step));
  }

  failStep(step: number, cause: unknown): void {
    this.#graph.failStep(step, cause, nobody);
  }

  startTogether(steps: readonly number[]): void {
    this.run.startTogether(
      this.#graph,
      steps.map((step) => this.first + step),
    );
  }

  /** A step reads a stream no further. */
  left(step: number, place: number, producer: number): void {
    this.run.wake(() => {
      this.#graph.edges?.left(step, place, producer);
    });
  }

  #definitionOf(step: number): StepDefinition {
    return this.blueprint.steps[step] as StepDefinition;
  }
}

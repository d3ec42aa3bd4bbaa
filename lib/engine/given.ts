import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Skip } from './skip.ts';
import { nobody, type Row, type StepTable } from './step-table.ts';

/** A graph that may be given outputs of its steps. */
interface GivenScope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly run: {
    readonly table: StepTable;
    readonly settings: { readonly given: ReadonlyMap<string, unknown> };
  };
  idOf(definition: StepDefinition): string;
  completeStep(step: number, output: unknown): void;
  skipStep(step: number, skip: Skip): void;
}

/** Settles the steps whose outputs are given, and those that only they need: none of them runs. */
export function applyGiven(scope: GivenScope): void {
  const { given } = scope.run.settings;
  const { graph, steps } = scope.blueprint;
  const known = new Map<number, unknown>();
  for (const [step, definition] of steps.entries()) {
    const id = scope.idOf(definition);
    if (given.has(id)) known.set(step, given.get(id));
  }
  if (known.size === 0) return;
  const needed = neededBeside(scope.blueprint, known);
  // Downwards from the outputs, so that none is skipped for want of another.
  for (const step of [...graph.order].reverse()) {
    if (needed.has(step) || known.has(step)) continue;
    const because = dependentIn(scope, step);
    scope.skipStep(step, { because, reason: 'not-needed', by: nobody });
  }
  // Likewise, so that none is made ready by another.
  for (const step of [...graph.order].reverse())
    if (known.has(step)) scope.completeStep(step, known.get(step));
}

/** The steps that are needed for the outputs, or by nobody at all, where some are known. */
function neededBeside(
  { graph: { dependencies, dependents, size }, outputs }: Blueprint,
  known: ReadonlyMap<number, unknown>,
): Set<number> {
  const needed = new Set<number>(outputs.values());
  for (let step = 0; step < size; step++)
    if (dependents.starts[step] === dependents.starts[step + 1]) needed.add(step);
  // A Set goes on over what is added while it is walked.
  for (const step of needed) {
    if (known.has(step)) continue;
    const { starts, values } = dependencies;
    for (const each of values.subarray(starts[step], starts[step + 1])) needed.add(each);
  }
  return needed;
}

/** The id of a step that would need another. */
function dependentIn(scope: GivenScope, step: number): string {
  const { graph, steps } = scope.blueprint;
  const { starts, values } = graph.dependents;
  return scope.idOf(steps[values[starts[step] as number] ?? step] as StepDefinition);
}

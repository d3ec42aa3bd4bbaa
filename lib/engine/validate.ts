// Long because it is a list: all that must agree, each with when it does.
import { edge } from '../definition/join.ts';
import type { Engine } from './engine.ts';
import { EngineFaultError } from './engine-fault-error.ts';
import { GraphScope } from './graph-scope.ts';
import type { RowShape } from './row-rules.ts';
import type { Scope, StepAttempt } from './scope.ts';
import { type Row, released } from './step-table.ts';
import { status, statusNames } from './transitions.ts';

/** Where a run is looked at: in the middle of what it does, as its listeners hear of it, or where nothing of that is left to do. */
export type ValidationPoint = 'event' | 'rest';

/**
 * Checks that what a run's engine knows in several places agrees. Pure: it looks, and changes nothing. Linear in rows and edges.
 *
 * At every event, even in the middle of a turn of the loop:
 *
 * 1. `open` of a scope is the number of its rows that aren't settled, `unneeded` of those told to stop since nobody needs them.
 * 2. `consumers` of a row are its dependents that aren't settled, those that keep it to the end included. An output is there as long
 *    as it has any, and not longer. (A run's own scope that was stopped may keep more: what was to be done may be done anew.)
 * 3. No row that is settled, waits or backs off has an attempt. As many attempts run as are counted.
 * 4. What waits in admission is counted, and each waits once; of no class more is taken than there is, unless its limit was changed.
 *
 * At rest, which is when the loop has nothing queued (as it asks for what may start, and when it comes to rest), also:
 *
 * 5. Who is under way has an attempt. Unneeded rows are `stopping`.
 * 6. `missing` of a row that waits is how many of its needs haven't come; where nothing branches, one is missing. Not in a scope
 *    that was stopped, in which nobody hears of anything, and nothing waits.
 * 7. Each ready row is stood for by one item of admission, and each item stands for a ready row.
 * 8. No class is forgotten that somebody holds or waits for.
 * 9. What attempts hold, abandoned ones included, is what is taken, of each class and of each shape; what abandoned ones hold is lost.
 *
 * @throws EngineFaultError where they don't, with the story of the row
 */
export function validate(engine: Engine, point: ValidationPoint): void {
  // A fault has made an end of everything where it stood.
  if (engine.status === 'idle' || engine.status === 'waiting' || (engine.isOver && !engine.root.isOver))
    return;
  new Validation(engine).check(point);
}

class Validation {
  readonly #engine: Engine;
  readonly #scopes: readonly Scope[];

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#scopes = [engine.root, ...engine.nested];
  }

  check(point: ValidationPoint): void {
    for (const scope of this.#scopes) {
      this.#checkCounts(scope);
      for (const row of scope.rows()) this.#checkAttempt(row, point);
      if (scope instanceof GraphScope) {
        this.#checkOutputs(scope);
        if (point === 'rest' && !scope.isRecalling) this.#checkNeeds(scope);
      }
    }
    this.#checkRunning();
    this.#checkQueue();
    this.#checkLimits();
    if (point === 'event') return;
    this.#checkReady();
    this.#checkHoldings();
  }

  #checkCounts(scope: Scope): void {
    const { table } = this.#engine;
    const rows = [...scope.rows()];
    const open = rows.filter((row) => !table.isSettled(row));
    const sample = rows[0] ?? 0;
    this.#same(scope.open, open.length, sample, 'the open rows of its scope');
    const unneeded = rows.filter((row) => table.unneeded.has(row));
    this.#same(scope.unneeded, unneeded.length, sample, 'the unneeded rows of its scope');
  }

  #checkAttempt(row: Row, point: ValidationPoint): void {
    const { table, attempts } = this.#engine;
    const isUnderWay = table.isUnderWay(row);
    const has = attempts[row] !== undefined;
    const name = statusNames[table.status[row] as number] ?? '?';
    this.#demand(!has || isUnderWay, row, `a row that is ${name} has an attempt`);
    if (point === 'event') return;
    this.#demand(has || !isUnderWay, row, `a row that is ${name} has no attempt`);
    this.#demand(
      !table.unneeded.has(row) || table.status[row] === status.stopping,
      row,
      `a row that nobody needs is ${name}`,
    );
  }

  /** Consumers and outputs. */
  #checkOutputs(scope: GraphScope): void {
    const { table, root, hasResult } = this.#engine;
    const isRoot = scope === root;
    if (isRoot && hasResult) return;
    const { graph, cleanedUp, outputs } = scope.blueprint;
    const kept = [...cleanedUp, ...outputs.values()];
    for (const row of scope.rows()) {
      const step = row - scope.first;
      const { starts, values } = graph.dependents;
      const dependents = values.subarray(starts[step], starts[step + 1]);
      const open = dependents.filter((each) => !table.isSettled(scope.first + each)).length;
      const expected = open + kept.filter((each) => each === step).length;
      const actual = table.consumers[row] as number;
      if (isRoot && scope.stopped !== undefined)
        this.#demand(actual >= expected, row, `it has ${String(actual)} consumers, not ${String(expected)}`);
      else this.#same(actual, expected, row, 'its consumers');
      if (table.status[row] !== status.completed) continue;
      const isThere = table.outputs[row] !== released;
      this.#demand(isThere === actual > 0, row, `its output ${isThere ? 'is still' : 'is no longer'} there`);
    }
  }

  #checkNeeds(scope: GraphScope): void {
    const { table } = this.#engine;
    for (const row of scope.rows()) {
      if (table.isSettled(row) || table.isUnderWay(row) || table.status[row] === status.keeping) continue;
      const name = statusNames[table.status[row] as number] ?? '?';
      this.#demand(scope.stopped === undefined, row, `it is ${name} in a scope that was stopped`);
      if (table.status[row] !== status.waiting) continue;
      const step = row - scope.first;
      const missing = table.missing[row] as number;
      const expected = missingOf(scope, step);
      if (expected !== undefined) this.#same(missing, expected, row, 'what it misses');
      this.#demand(scope.edges !== undefined || missing > 0, row, 'nothing is missing, and yet it waits');
    }
  }

  #checkRunning(): void {
    const { attempts, running, table, retries } = this.#engine;
    const own = attempts.filter((attempt) => attempt !== undefined && !attempt.isHosting);
    this.#same(running, own.length, own[0]?.row ?? 0, 'the running attempts');
    const retrying = this.#rows().filter((row) => table.status[row] === status.retrying);
    this.#demand(
      retries.waiting <= retrying.length,
      retrying[0] ?? 0,
      `${String(retries.waiting)} back-offs for ${String(retrying.length)} rows`,
    );
  }

  #checkQueue(): void {
    const { admission } = this.#engine.budget;
    const items = admission.items();
    this.#same(admission.waiting, items.length, items[0] ?? 0, 'what waits in admission');
    const twice = items.find((row, at) => items.indexOf(row) !== at);
    this.#demand(twice === undefined, twice ?? 0, 'it waits twice in admission');
  }

  #checkLimits(): void {
    const { budget, limits } = this.#engine;
    const { taken, capacities } = budget.admission;
    for (const [name, place] of budget.classes.entries()) {
      const amount = taken[place] as number;
      const capacity = capacities[place] as number;
      this.#demand(amount >= 0, 0, `${String(amount)} of '${name}' is taken`);
      if (!limits.hasChanged(name))
        this.#demand(isAtMost(amount, capacity), 0, `${String(amount)} of '${name}' is taken`);
    }
  }

  /** Who is ready, and who waits in admission. */
  #checkReady(): void {
    const { table, budget } = this.#engine;
    const scopeOf = new Map(this.#scopes.flatMap((scope) => [...scope.rows()].map((row) => [row, scope])));
    const isReady = (row: Row): boolean => table.status[row] === status.ready;
    const stoodFor = new Set<Row>();
    for (const item of budget.admission.items()) {
      const rows = (scopeOf.get(item)?.standsFor(item) ?? []).filter(isReady);
      this.#demand(rows.length > 0, item, 'it waits in admission, and nothing is ready that it stands for');
      for (const row of rows) {
        this.#demand(!stoodFor.has(row), row, 'two stand for it in admission');
        stoodFor.add(row);
      }
    }
    const lost = this.#rows().find((row) => isReady(row) && !stoodFor.has(row));
    this.#demand(lost === undefined, lost ?? 0, 'it is ready, and nobody stands for it in admission');
  }

  #checkHoldings(): void {
    const { attempts, abandonedAttempts, budget } = this.#engine;
    const { admission } = budget;
    const holding = [...attempts, ...abandonedAttempts].filter((each) => each?.holds !== undefined);
    const held = sumsOf(holding);
    const lost = sumsOf([...abandonedAttempts]);
    for (const each of holding as StepAttempt[])
      for (const place of (each.holds as RowShape).classes) this.#checkClass(place, each.row);
    for (const row of admission.items())
      for (const place of budget.shapeOf(row).classes) this.#checkClass(place, row);
    for (const [name, place] of budget.classes.entries()) {
      const { amount, count } = held.get(place) ?? none;
      const sample = holding.find((each) => each?.holds?.classes.includes(place))?.row ?? 0;
      this.#close(admission.taken[place] as number, amount, sample, `what is taken of '${name}'`);
      this.#same(admission.holders[place] as number, count, sample, `the holders of '${name}'`);
      this.#close(admission.lostOf(place), lost.get(place)?.amount ?? 0, sample, `what is lost of '${name}'`);
    }
    const times = new Map<RowShape, StepAttempt[]>();
    for (const each of holding as StepAttempt[]) {
      const { holds } = each as { readonly holds: RowShape };
      times.set(holds, [...(times.get(holds) ?? []), each]);
    }
    for (const [shape, holders] of times)
      this.#same(shape.held, holders.length, holders[0]?.row ?? 0, 'how often what it holds is held');
  }

  #checkClass(place: number, row: Row): void {
    const { classes } = this.#engine.budget;
    const name = classes.nameAt(place);
    const isKnown = name !== undefined && classes.placeOf(name) === place;
    this.#demand(isKnown, row, 'it needs a class that was forgotten');
  }

  #rows(): Row[] {
    return this.#scopes.flatMap((scope) => [...scope.rows()]);
  }

  #same(actual: number, expected: number, row: Row, what: string): void {
    this.#demand(actual === expected, row, `${what}: ${String(actual)}, and should be ${String(expected)}`);
  }

  /** As `same`, but for the rounding of fractions. */
  #close(actual: number, expected: number, row: Row, what: string): void {
    const isClose = isAtMost(actual, expected) && isAtMost(expected, actual);
    this.#demand(isClose, row, `${what}: ${String(actual)}, and should be ${String(expected)}`);
  }

  #demand(holds: boolean, row: Row, what: string): void {
    if (!holds) throw new EngineFaultError(what, this.#engine.table.storyOf(row));
  }
}

/** How many needs of a step that waits haven't come; `undefined` where that isn't counted: a join looks at what it joins. */
function missingOf(scope: GraphScope, step: number): number | undefined {
  const { blueprint, edges, first, onFailure } = scope;
  const { table } = scope.run;
  const hasCompleted = (each: number): boolean => table.status[first + each] === status.completed;
  if (edges === undefined) {
    const { starts, values } = blueprint.graph.dependencies;
    return values.subarray(starts[step], starts[step + 1]).filter((each) => !hasCompleted(each)).length;
  }
  if (blueprint.steps[step]?.settings.join !== undefined) return undefined;
  const mayMiss = (each: number): boolean =>
    edges.isSettled(each) && (onFailure === 'continue' || !edges.hasFailed(each));
  return edges
    .edgesOf(step)
    .filter(
      (need) =>
        need.kind !== edge.stream &&
        !(need.kind === edge.optional ? mayMiss(need.step) : hasCompleted(need.step)),
    ).length;
}

/** What attempts hold of each class together, and how many of them. */
function sumsOf(
  attempts: readonly (StepAttempt | undefined)[],
): Map<number, { readonly amount: number; readonly count: number }> {
  const sums = new Map<number, { readonly amount: number; readonly count: number }>();
  for (const attempt of attempts) {
    if (attempt?.holds === undefined) continue;
    const { classes, amounts } = attempt.holds;
    for (const [at, place] of classes.entries()) {
      const { amount, count } = sums.get(place) ?? none;
      sums.set(place, { amount: amount + (amounts[at] ?? 0), count: count + 1 });
    }
  }
  return sums;
}

const none = { amount: 0, count: 0 };

function isAtMost(amount: number, most: number): boolean {
  return amount <= most + Math.abs(most) * 1e-9 + 1e-9;
}

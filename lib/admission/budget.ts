import { OptionChecker } from '../base/option-checker.ts';
import { Admission } from './admission.ts';
import type { AdmissionQueue } from './admission-queue.ts';
import type { ItemOrder } from './priority-heap.ts';
import { Shape } from './shape.ts';

/**
 * The resources that items share, and what each item takes of them.
 *
 * @example
 * ```ts
 * const connections: Budget<{ bytes: number; urgent: boolean }> = {
 *   limits: { connections: 4, memory: 1e9 },
 *   demand: ({ bytes }) => ({ connections: 1, memory: bytes }),
 *   priority: ({ urgent }) => (urgent ? 1 : 0),
 * };
 * ```
 */
export interface Budget<Value> {
  /** The capacity of each resource, by name: positive numbers. */
  readonly limits: Readonly<Record<string, number>>;
  /** What a value takes of them while its inner Observable runs. @defaultValue 1 of each */
  readonly demand?: ((value: Value) => Readonly<Record<string, number>>) | undefined;
  /** Waiting values of a higher priority go first; ties go by arrival. @defaultValue 0 */
  readonly priority?: ((value: Value) => number) | undefined;
  /** How often a value that doesn't fit may be overtaken before others have to wait for it. @defaultValue 64 */
  readonly maxOvertakes?: number | undefined;
}

interface Place {
  /** The place in the order of arrival. */
  readonly index: number;
  readonly priority: number;
}

/** A value that waits for its turn. */
export interface Ticket<Value> extends Place {
  readonly value: Value;
  readonly shape: Shape<Ticket<Value>>;
}

/** How often a step that doesn't fit may be overtaken, by default. */
export const defaultMaxOvertakes = 64;

/** What makes tickets of values, and the queue in which they wait. */
export interface TicketOffice<Value> {
  readonly queue: AdmissionQueue<Ticket<Value>>;
  /** Errors with an {@link OptionChecker}'s error where the value's demand can't be read or can never fit. */
  readonly ticket: (value: Value, index: number) => Ticket<Value>;
}

/**
 * Opens a queue for a budget. A number stands for one resource of that capacity, of which each value takes 1.
 *
 * @throws InvalidOptionsError
 */
export function openBudget<Value>(owner: string, budget: number | Budget<Value>): TicketOffice<Value> {
  return typeof budget === 'number' ? openUnitBudget(owner, budget) : openVectorBudget(owner, budget);
}

const byPriority: ItemOrder<Place> = {
  before: (left, right) =>
    left.priority > right.priority || (left.priority === right.priority && left.index < right.index),
};

function openUnitBudget<Value>(owner: string, capacity: number): TicketOffice<Value> {
  const checker = new OptionChecker();
  checker.count('the concurrency', capacity, 1);
  checker.throwIfAny(owner);
  const shape = new Shape<Ticket<Value>>([0], [1], byPriority);
  return {
    queue: new Admission<Ticket<Value>>({
      capacities: [capacity],
      shapeOf: () => shape,
      ...byPriority,
      maxOvertakes: undefined,
    }),
    ticket: (value, index) => ({ value, index, priority: 0, shape }),
  };
}

function openVectorBudget<Value>(owner: string, budget: Budget<Value>): TicketOffice<Value> {
  const checker = new OptionChecker();
  const names = checker.record('the budget', budget) ? limitNames(checker, budget) : [];
  const maxOvertakes = checker.count('maxOvertakes', budget.maxOvertakes, 0) ?? defaultMaxOvertakes;
  const priorityOf = checker.function('priority', budget.priority);
  const demandOf = checker.function('demand', budget.demand);
  checker.throwIfAny(owner);

  const capacities = names.map((name) => budget.limits[name] ?? 0);
  const shapes = new Map<string, Shape<Ticket<Value>>>();
  const everything = Object.fromEntries(names.map((name) => [name, 1]));

  const shapeOf = (value: Value): Shape<Ticket<Value>> => {
    const amounts = readDemand(owner, demandOf?.(value) ?? everything, names, capacities);
    const key = amounts.join();
    let shape = shapes.get(key);
    if (shape === undefined) {
      if (shapes.size >= mostShapes) dropEmpty(shapes);
      const classes = [...amounts.keys()].filter((place) => amounts[place] !== 0);
      shape = new Shape<Ticket<Value>>(
        classes,
        classes.map((place) => amounts[place] ?? 0),
        byPriority,
      );
      shapes.set(key, shape);
    }
    return shape;
  };
  return {
    queue: new Admission<Ticket<Value>>({
      capacities,
      shapeOf: ({ shape }) => shape,
      ...byPriority,
      maxOvertakes,
    }),
    ticket: (value, index) => ({ value, index, priority: priorityOf?.(value) ?? 0, shape: shapeOf(value) }),
  };
}

const mostShapes = 1024;

function dropEmpty<Item>(shapes: Map<string, Shape<Item>>): void {
  for (const [key, shape] of shapes) if (shape.size === 0) shapes.delete(key);
}

function limitNames(checker: OptionChecker, budget: Budget<never>): string[] {
  checker.knownKeys('', budget, ['limits', 'demand', 'priority', 'maxOvertakes']);
  if (!checker.record('limits', budget.limits)) return [];
  const names = Object.keys(budget.limits);
  for (const name of names) {
    checker.number(`limits['${name}']`, budget.limits[name] ?? Number.NaN, Number.MIN_VALUE, Infinity);
  }
  return names;
}

/** The amounts by place. A demand that can never fit is an error, or its value would wait for ever. */
function readDemand(
  owner: string,
  demand: Readonly<Record<string, number>>,
  names: readonly string[],
  capacities: readonly number[],
): number[] {
  const checker = new OptionChecker();
  const amounts = names.map(() => 0);
  for (const [name, amount] of Object.entries(demand)) {
    const place = names.indexOf(name);
    if (place < 0) checker.fail(`demand['${name}']`, `for one of the limits (${names.join(', ')})`, amount);
    else amounts[place] = checker.number(`demand['${name}']`, amount, 0, capacities[place] ?? 0) ?? 0;
  }
  checker.throwIfAny(owner);
  return amounts;
}

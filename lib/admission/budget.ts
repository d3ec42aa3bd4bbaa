import { InvalidOptionsError } from '../base/errors.ts';
import { hintOr } from '../base/nearest.ts';
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
  /** The capacity of each resource, by name: positive numbers, `Infinity` included. */
  readonly limits: Readonly<Record<string, number>>;
  /** What a value takes of them while its inner Observable runs: from 0 to the limit. @defaultValue 1 of each */
  readonly demand?: ((value: Value) => Readonly<Record<string, number>>) | undefined;
  /** Waiting values of a higher priority go first; ties go by arrival. @defaultValue 0 */
  readonly priority?: ((value: Value) => number) | undefined;
  /** How often a value that doesn't fit may be overtaken before others have to wait for it, from 0. @defaultValue 64 */
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
interface TicketOffice<Value> {
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
  const { limits, maxOvertakes, priorityOf, demandOf } = readBudget(checker, budget);
  checker.throwIfAny(owner);

  const names = [...limits.keys()];
  const capacities = [...limits.values()];
  const everything = Object.fromEntries(names.map((name) => [name, 1]));
  const shapes = new Map<string, Shape<Ticket<Value>>>();
  let mostShapes = manyShapes;

  const shapeOf = (value: Value): Shape<Ticket<Value>> => {
    const amounts = readDemand(owner, demandOf?.(value) ?? everything, names, capacities);
    const key = amounts.join();
    let shape = shapes.get(key);
    if (shape === undefined) {
      if (shapes.size >= mostShapes) {
        dropEmpty(shapes);
        // Where most are in use, a look at all of them has to wait until there are twice as many.
        mostShapes = Math.max(manyShapes, 2 * shapes.size);
      }
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
    ticket: (value, index) => ({
      value,
      index,
      priority: readPriority(owner, priorityOf?.(value) ?? 0),
      shape: shapeOf(value),
    }),
  };
}

const manyShapes = 1024;

function dropEmpty<Item>(shapes: Map<string, Shape<Item>>): void {
  for (const [key, shape] of shapes) if (shape.size === 0) shapes.delete(key);
}

interface ReadBudget<Value> {
  readonly limits: ReadonlyMap<string, number>;
  readonly maxOvertakes: number;
  readonly priorityOf: Budget<Value>['priority'];
  readonly demandOf: Budget<Value>['demand'];
}

/** Reads a budget; what is wrong is noted with the checker. */
function readBudget<Value>(checker: OptionChecker, budget: Budget<Value>): ReadBudget<Value> {
  const given: Partial<Budget<Value>> = checker.record('the budget', budget) ? budget : {};
  checker.knownKeys('', given, ['limits', 'demand', 'priority', 'maxOvertakes']);
  return {
    limits: given === budget ? readLimits(checker, budget.limits) : new Map(),
    maxOvertakes: checker.count('maxOvertakes', given.maxOvertakes, 0) ?? defaultMaxOvertakes,
    priorityOf: checker.function('priority', given.priority),
    demandOf: checker.function('demand', given.demand),
  };
}

function readLimits(checker: OptionChecker, limits: Budget<never>['limits']): Map<string, number> {
  const read = new Map<string, number>();
  if (!checker.record('limits', limits)) return read;
  for (const [name, limit] of Object.entries(limits as Readonly<Record<string, number | undefined>>)) {
    if (limit === undefined) continue;
    if (typeof limit !== 'number' || !(limit > 0))
      checker.fail(`limits['${name}']`, 'a positive number', limit);
    read.set(name, limit);
  }
  return read;
}

/** A priority that can't be compared would leave the order to chance. */
function readPriority(owner: string, priority: number): number {
  if (typeof priority === 'number' && !Number.isNaN(priority)) return priority;
  throw new InvalidOptionsError(owner, [{ option: 'the priority', expected: 'a number', value: priority }]);
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
  if (checker.record('the demand', demand, 'an object of amounts by resource')) {
    for (const [name, amount] of Object.entries(demand)) {
      const place = names.indexOf(name);
      if (place < 0) checker.fail(`demand['${name}']`, `absent (${unknownLimit(name, names)})`, amount);
      else amounts[place] = checker.number(`demand['${name}']`, amount, 0, capacities[place] ?? 0) ?? 0;
    }
  }
  checker.throwIfAny(owner);
  return amounts;
}

function unknownLimit(name: string, names: readonly string[]): string {
  const known = `there are ${names.map((each) => `'${each}'`).join(', ')}`;
  return `there is no such limit; ${hintOr(known, name, names)}`;
}

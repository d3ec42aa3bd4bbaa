import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Admission } from '../lib/admission/admission.ts';
import { PriorityHeap } from '../lib/admission/priority-heap.ts';
import { RankSet } from '../lib/admission/rank-set.ts';
import { Shape } from '../lib/admission/shape.ts';
import type { WaitingItems } from '../lib/admission/waiting-items.ts';
import { NaiveAdmission, type Units } from '../test/admission/support/naive-admission.ts';
import { cases } from './support/effort.ts';

interface Item {
  readonly rank: number;
  readonly units: Units;
  readonly shape: Shape<Item>;
}

type Command =
  | { readonly do: 'enqueue'; readonly priority: number; readonly units: Units }
  | { readonly do: 'release' | 'release and enqueue again' | 'forfeit' | 'recover'; readonly which: number }
  | { readonly do: 'admit' | 'admit all' | 'pause' | 'resume' | 'clear' | 'remove the hopeless' };

interface Scenario {
  readonly capacities: Units;
  /** What a unit is: demands needn't be whole numbers. */
  readonly unit: number;
  readonly maxOvertakes: number;
  readonly commands: readonly Command[];
}

const units = fc.tuple(
  fc.constantFrom(0, 1, 1, 2, 3, 5),
  fc.constantFrom(0, 0, 1, 2, 4),
  fc.constantFrom(0, 0, 0, 1),
);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('enqueue' as const), priority: fc.nat(3), units }),
  },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('release and enqueue again' as const, 'forfeit' as const, 'recover' as const),
      which: fc.nat(9),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('admit' as const, 'admit all' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'pause' as const,
        'resume' as const,
        'resume' as const,
        'clear' as const,
        'remove the hopeless' as const,
      ),
    }),
  },
);

const scenario: fc.Arbitrary<Scenario> = fc.record({
  capacities: fc.tuple(
    fc.constantFrom(1, 2, 3, 7),
    fc.constantFrom(1, 2, 3, 7),
    fc.constantFrom(1, 2, Infinity),
  ),
  unit: fc.constantFrom(1, 0.1, 1 / 3, 2 ** 30 + 1),
  maxOvertakes: fc.constantFrom(0, 1, 2, 7, 64, Infinity),
  commands: fc.array(command, { maxLength: 120, size: 'max' }),
});

test.prop([scenario], { numRuns: cases(400) })(
  'an admission decides as the plain list that specifies it',
  ({ commands, ...rest }) => {
    const both = new Both(rest);
    for (const step of commands) {
      both.do(step);
      both.compare();
    }
  },
);

const waitingCommand = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), item: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), item: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
);

test.prop([
  fc.constantFrom('heap', 'rank set'),
  fc.shuffledSubarray([...Array(100).keys()], { minLength: 100 }),
  fc.array(waitingCommand, { maxLength: 200 }),
])('a heap and a rank set give what a sorted list would', (kind, byRank, commands) => {
  const itemAt = Uint32Array.from(byRank);
  const rankOf = new Uint32Array(itemAt.length);
  for (const [rank, item] of itemAt.entries()) rankOf[item] = rank;
  const rank = (item: number): number => rankOf[item] as number;
  const waiting: WaitingItems<number> =
    kind === 'heap'
      ? new PriorityHeap<number>({ before: (left, right) => rank(left) < rank(right) })
      : new RankSet({ rankOf, itemAt });
  let list: number[] = [];
  for (const step of commands) {
    if (step.do === 'pop') {
      expect(waiting.pop()).toBe(list.shift());
    } else if (step.do === 'push' && !list.includes(step.item)) {
      waiting.push(step.item);
      list = [...list, step.item].sort((left, right) => rank(left) - rank(right));
    } else if (step.do === 'remove' && list.includes(step.item)) {
      waiting.remove(step.item);
      list.splice(list.indexOf(step.item), 1);
    }
    expect([waiting.size, waiting.peek()]).toStrictEqual([list.length, list[0]]);
  }
  expect(waiting.clear().sort((left, right) => rank(left) - rank(right))).toStrictEqual(list);
});

const order = { before: (left: Item, right: Item) => left.rank < right.rank };

/** An admission and its specification, which are told the same. */
class Both {
  readonly #capacities: Units;
  readonly #unit: number;
  readonly #maxOvertakes: number;
  readonly #admission: Admission<Item>;
  readonly #naive: NaiveAdmission<Item>;
  readonly #shapes = new Map<string, Shape<Item>>();
  readonly #peaks: number[];
  #arrivals = 0;
  #pauses = 0;

  constructor({ capacities, unit, maxOvertakes }: Omit<Scenario, 'commands'>) {
    this.#capacities = capacities;
    this.#unit = unit;
    this.#maxOvertakes = maxOvertakes;
    this.#peaks = capacities.map(() => 0);
    this.#admission = new Admission<Item>({
      capacities: capacities.map((capacity) => capacity * unit),
      shapeOf: ({ shape }) => shape,
      ...order,
      maxOvertakes,
    });
    this.#naive = new NaiveAdmission(capacities, maxOvertakes);
  }

  do(command: Command): void {
    switch (command.do) {
      case 'enqueue':
        this.#enqueue(this.#newItem(command.priority, command.units));
        break;
      case 'release':
      case 'release and enqueue again':
        for (const item of this.#naive.running.splice(command.which, 1)) {
          this.#admission.release(item);
          if (command.do === 'release and enqueue again') this.#enqueue(item);
        }
        break;
      case 'forfeit':
        for (const item of this.#naive.running.splice(command.which, 1)) {
          this.#admission.forfeit(item.shape);
          this.#naive.forfeited.push(item);
        }
        break;
      case 'recover':
        for (const item of this.#naive.forfeited.splice(command.which, 1))
          this.#admission.recover(item.shape);
        break;
      case 'admit':
        this.#admit();
        break;
      case 'admit all':
        while (this.#admit());
        if (this.#pauses === 0) expect(this.#naive.couldAdmit).toBe(false);
        break;
      case 'pause':
        this.#admission.pause();
        this.#pauses++;
        break;
      case 'resume':
        if (this.#pauses === 0) break;
        this.#admission.resume();
        this.#pauses--;
        break;
      case 'clear':
        expect(this.#admission.clear()).toStrictEqual(this.#naive.clear());
        break;
      case 'remove the hopeless':
        expect(this.#removeHopeless()).toStrictEqual(new Set(this.#naive.removeHopeless()));
        break;
    }
  }

  #removeHopeless(): Set<Item> {
    const removed = new Set<Item>();
    for (let found = this.#admission.hopeless(); found.length > 0; found = this.#admission.hopeless())
      for (const item of found) {
        this.#admission.remove(item);
        removed.add(item);
      }
    return removed;
  }

  compare(): void {
    const places = [...this.#capacities.keys()];
    const items = [...this.#naive.waiting, ...this.#naive.running];
    for (const place of places)
      this.#peaks[place] = Math.max(this.#peaks[place] ?? 0, this.#naive.taken(place));
    expect({
      waiting: this.#admission.waiting,
      taken: this.#inUnits(this.#admission.taken),
      peaks: this.#inUnits(this.#admission.peaks),
      lost: this.#inUnits(places.map((place) => this.#admission.lostOf(place))),
      hopeless: items.filter((item) => this.#admission.neverFits(item) !== undefined),
    }).toStrictEqual({
      waiting: this.#naive.waiting.length,
      taken: places.map((place) => this.#naive.taken(place)),
      peaks: this.#peaks,
      lost: places.map((place) => this.#naive.lost(place)),
      hopeless: items.filter((item) => this.#naive.neverFits(item)),
    });
    // The laws themselves, lest the specification break them too.
    expect(this.#naive.isWithin).toBe(true);
    expect(this.#naive.mostOvertakes).toBeLessThanOrEqual(this.#maxOvertakes);
  }

  #newItem(priority: number, wanted: Units): Item {
    // A demand above its capacity is refused before it gets here.
    const fitting = wanted.map((amount, place) => Math.min(amount, this.#capacities[place] ?? 0));
    const places = [...fitting.keys()].filter((place) => fitting[place] !== 0);
    const amounts = places.map((place) => (fitting[place] ?? 0) * this.#unit);
    const shape = this.#shapes.get(fitting.join()) ?? new Shape<Item>(places, amounts, order);
    this.#shapes.set(fitting.join(), shape);
    return { rank: this.#arrivals++ - 1000 * priority, units: fitting, shape };
  }

  #enqueue(item: Item): void {
    this.#admission.enqueue(item);
    this.#naive.enqueue(item);
  }

  #admit(): boolean {
    const admitted = this.#admission.admit();
    expect(admitted).toBe(this.#pauses > 0 ? undefined : this.#naive.admit());
    return admitted !== undefined;
  }

  /** What nobody holds has to be exactly 0, so that rounding never adds up: it isn't rounded away. */
  #inUnits(amounts: readonly number[]): number[] {
    return amounts.map((amount) =>
      Math.abs(amount) > this.#unit / 2 ? Math.round(amount / this.#unit) : amount,
    );
  }
}

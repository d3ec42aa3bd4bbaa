import { fc, test } from '@fast-check/vitest';
import { type Step, step, stream, workflow } from 'millrace';
import { expect } from 'vitest';

/** A step that reads what another emits; one of them emits what it reads, if anyone reads that. */
interface Reader {
  /** Which it reads, of those before it: 0 is the source. */
  readonly reads: number;
  readonly capacity: number;
  /** After how many values it leaves. */
  readonly leavesAfter: number | undefined;
  /** For how many turns it is busy with a value. */
  readonly slowness: number;
  readonly demand: number;
}

/** A tree of readers of a source that emits so many values. */
interface Tree {
  readonly count: number;
  readonly slowness: number;
  readonly readers: readonly Reader[];
}

const tree: fc.Arbitrary<Tree> = fc.record({
  count: fc.nat(40),
  slowness: fc.nat(3),
  readers: fc.array(
    fc.record({
      reads: fc.nat(5),
      capacity: fc.integer({ min: 1, max: 5 }),
      leavesAfter: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        fc.integer({ min: 1, max: 20 }),
      ),
      slowness: fc.nat(4),
      demand: fc.nat(2),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

async function busyFor(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

/** The steps of a tree; notes what was read, and every breach of a bound. */
class Played {
  readonly leaves: Readonly<Record<string, Step<number, never>>>;
  readonly received: number[][];
  readonly breaches: string[] = [];
  readonly demand: number;
  /** How many values each step was asked for. */
  readonly #made: number[];
  readonly #hasLeft: boolean[];

  constructor(name: string, { count, slowness, readers }: Tree) {
    const parents = readers.map(({ reads }, place) => reads % (place + 1));
    this.received = [[], ...readers.map(() => [])];
    this.#made = this.received.map(() => 0);
    this.#hasLeft = this.received.map(() => false);
    this.demand = readers.reduce((sum, reader) => sum + reader.demand, 0);
    const note = (maker: number): void => {
      this.#made[maker] = (this.#made[maker] as number) + 1;
      for (const [place, { capacity }] of readers.entries()) {
        if (parents[place] !== maker || this.#hasLeft[place + 1] === true) continue;
        const ahead = this.#made[maker] - (this.received[place + 1] as number[]).length;
        // Those that wait, and the one that is being made.
        if (ahead > capacity + 1)
          this.breaches.push(`${String(maker)} is ${String(ahead)} ahead of ${String(place + 1)}`);
      }
    };
    const steps: Step<number, never>[] = [
      step(
        `${name}0`,
        async function* () {
          for (let value = 0; value < count; value++) {
            note(0);
            await busyFor(slowness);
            yield value;
          }
        },
        { resource: {} },
      ),
    ];
    for (const [place, reader] of readers.entries()) {
      const self = place + 1;
      const values = stream(steps[parents[place] as number] as Step<number, never>, {
        capacity: reader.capacity,
      });
      const received = this.received[self] as number[];
      const hasLeft = this.#hasLeft;
      steps.push(
        step(
          `${name}${String(self)}`,
          { values },
          async function* (inputs) {
            const iterator = inputs.values[Symbol.asyncIterator]();
            try {
              for (;;) {
                const result = (await iterator.next()) as IteratorResult<number, undefined>;
                if (result.done === true) break;
                const { value } = result;
                received.push(value);
                await busyFor(reader.slowness);
                note(self);
                yield value;
                if (received.length === reader.leavesAfter) break;
              }
            } finally {
              // From here on nobody has to wait for it.
              hasLeft[self] = true;
              await iterator.return?.();
            }
          },
          { resource: reader.demand === 0 ? {} : { x: reader.demand } },
        ),
      );
    }
    const ends = steps
      .map((each, place) => [each, place] as const)
      .filter(([, place]) => place > 0 && !parents.includes(place));
    this.leaves = Object.fromEntries(
      ends.map(([end, place]) => [
        `${name}${String(place)}`,
        step(
          `${name} all ${String(place)}`,
          { values: stream(end) },
          async ({ values }) => {
            let read = 0;
            for await (const _ of values) read++;
            return read;
          },
          { resource: {} },
        ),
      ]),
    );
  }
}

test.prop([
  fc.array(tree, { minLength: 1, maxLength: 3 }),
  fc.nat(2),
  fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 4 }),
])(
  'streams lose and reorder nothing, keep their bounds, and come to an end within any budget that has room for one of their groups',
  async (trees, spare, others) => {
    const played = trees.map((each, place) => new Played(`t${String(place)}.`, each));
    const x = Math.max(...played.map(({ demand }) => demand), ...others, 1) + spare;
    const rivals = Object.fromEntries(
      others.map((demand, place) => [
        `r${String(place)}`,
        step(`r${String(place)}`, () => busyFor(9), { resource: { x: demand } }),
      ]),
    );
    const some = step('some', () => 0, { resource: { x: 1 } });
    const flow = workflow('streams', {
      some,
      ...rivals,
      ...Object.assign({}, ...played.map(({ leaves }) => leaves)),
    });
    const outputs: Readonly<Record<string, unknown>> = await flow.run({ limits: { x } }).result();
    for (const [place, { count, readers }] of trees.entries()) {
      const { received, breaches, leaves } = played[place] as Played;
      expect(breaches).toEqual([]);
      const emitted = [count];
      for (const [at, { reads, leavesAfter = Infinity }] of readers.entries())
        emitted.push(Math.min(emitted[reads % (at + 1)] as number, leavesAfter));
      // A step whose readers have all left reads no further.
      for (const values of received) expect(values).toEqual(Array.from(values, (_, value) => value));
      for (const name of Object.keys(leaves)) expect(outputs[name]).toBe(emitted[Number(name.split('.')[1])]);
    }
  },
);

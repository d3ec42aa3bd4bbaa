import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { seededRandom } from '../lib/base/seeded-random.ts';
import { fileBackend } from '../lib/store/file-backend.ts';
import { RunHeldError, StoreError } from '../lib/store/store-errors.ts';
import { FragileDisk } from '../test/store/support/fragile-disk.ts';
import { gated } from '../test/store/support/gated.ts';
import { World, type WorldProcess } from '../test/store/support/world.ts';
import { cases } from './support/effort.ts';

/** A process that opens the run, appends and closes it, again and again, and what it waits for. */
interface Actor {
  readonly process: WorldProcess;
  readonly waiting: (() => void)[];
  state: 'goes on' | 'is stopped' | 'is dead' | 'is through';
}

/** What happened, in this order. */
type Deed =
  | { readonly what: 'opened'; readonly epoch: number; readonly lines: readonly string[] }
  | { readonly what: 'tries' | 'settled' | 'failed'; readonly epoch: number; readonly line: string };

/**
 * Several processes at one run. Which of them makes its next call of the system, and who is stopped or killed in between, the dice say;
 * what they did is told in order.
 */
async function strife(
  seed: number,
): Promise<{ readonly deeds: readonly Deed[]; readonly lines: readonly string[] }> {
  const random = seededRandom(seed);
  const below = (most: number): number => Math.floor(random() * most);
  const disk = new FragileDisk();
  const world = new World();
  const deeds: Deed[] = [];
  let lines = 0;
  const actors: Actor[] = [];
  const work: Promise<void>[] = [];

  function start(rounds: number): void {
    const actor: Actor = { process: world.process(), waiting: [], state: 'goes on' };
    actors.push(actor);
    work.push(
      act(actor, rounds).finally(() => {
        actor.state = 'is through';
      }),
    );
  }

  async function act(actor: Actor, rounds: number): Promise<void> {
    const turn = (): Promise<void> =>
      new Promise((resolve) => {
        actor.waiting.push(resolve);
      });
    const backend = fileBackend('/store', {
      io: gated(disk.io, turn),
      machine: { ...actor.process.machine, pause: turn },
    });
    for (let round = 0; round < rounds; round++) {
      await turn();
      try {
        const run = await backend.openRun('nightly', {
          cancelRequested: () => undefined,
          displaced: () => undefined,
        });
        const { epoch } = run;
        deeds.push({ what: 'opened', epoch, lines: [...run.takeLines()] });
        for (let count = below(4); count > 0; count--) {
          const line = `line ${String(++lines)}`;
          deeds.push({ what: 'tries', epoch, line });
          await run.append([line]);
          deeds.push({ what: 'settled', epoch, line });
        }
        await run.close();
      } catch (error) {
        if (!(error instanceof RunHeldError || error instanceof StoreError)) throw error;
      }
    }
  }

  const processes = 2 + below(3);
  for (let count = 0; count < processes; count++) start(1 + below(3));
  for (let steps = 0; ; steps++) {
    // So that whatever can go on does.
    await new Promise(setImmediate);
    const open = actors.filter(({ state }) => state === 'goes on' || state === 'is stopped');
    if (open.length === 0) break;
    const dice = random();
    const some = open[below(open.length)] as Actor;
    if (dice < 0.04 && some.state === 'goes on') {
      some.state = 'is stopped';
      some.process.stop();
    } else if ((dice < 0.06 || steps > 5000) && some.state === 'is stopped') {
      some.state = 'goes on';
      some.process.goOn();
    } else if (dice < 0.07 && open.length > 1) {
      some.state = 'is dead';
      some.process.kill();
    } else if (dice < 0.11) {
      await world.pass(1000 + below(10_000));
    } else if (some.state === 'goes on') {
      const [next] = some.waiting.splice(below(some.waiting.length), 1);
      next?.();
    }
  }
  await Promise.race([Promise.all(work), Promise.resolve()]);
  const last = await fileBackend('/store', { io: disk.io, machine: world.process().machine }).openRun(
    'nightly',
    {
      cancelRequested: () => undefined,
      displaced: () => undefined,
    },
  );
  return { deeds, lines: [...last.takeLines()] };
}

test.prop([fc.integer()], { numRuns: cases(300) })(
  'however processes get in each other’s way, what has settled is there in order, and what a displaced one appends is not',
  async (seed) => {
    const { deeds, lines } = await strife(seed);
    const story = deeds.map((deed) => JSON.stringify(deed)).join('\n');
    const settled = deeds
      .flatMap((deed) => (deed.what === 'settled' ? [deed] : []))
      // The answer may be heard late.
      .sort((left, right) => left.epoch - right.epoch)
      .map(({ line }) => line);
    expect(
      lines.filter((line) => settled.includes(line)),
      story,
    ).toStrictEqual(settled);
    expect(new Set(lines).size, story).toBe(lines.length);
    for (const [place, deed] of deeds.entries()) {
      if (deed.what !== 'opened') continue;
      // Whatever comes later comes after it.
      expect(lines.slice(0, deed.lines.length), story).toStrictEqual(deed.lines);
      // Those before it have nothing more to say.
      for (const late of deeds.slice(place + 1))
        if (late.what === 'tries' && late.epoch < deed.epoch) expect(lines, story).not.toContain(late.line);
    }
    const epochs = deeds.flatMap((deed) => (deed.what === 'opened' ? [deed.epoch] : []));
    expect(epochs, story).toStrictEqual([...new Set(epochs)]);
  },
);

import type { Run, Workflow } from 'millrace';
import type { VirtualTime } from 'millrace/testing';
import { expect, test } from 'vitest';
import { atEachEvent } from './at-each-event.ts';
import { expectNoStartAfter, expectSound } from './sound.ts';
import type { Watched } from './watch.ts';

/** What a workflow that demands `gpu` has to withstand at each of its events, with little room and with much. */
export function testDisturbances<Outputs>(
  busy: (time: VirtualTime) => Workflow<Outputs>,
  { leastEvents, outputs }: { readonly leastEvents: number; readonly outputs: object },
): void {
  const disturbed = (gpu: number, disturb: (run: Run<Outputs>) => void): Watched<Outputs>[] => {
    const runs = atEachEvent(busy, disturb, { limits: { gpu } });
    expect(runs.length).toBeGreaterThan(leastEvents);
    for (const run of runs) expectSound(run);
    return runs;
  };
  const expectNoStarts = (runs: readonly Watched<Outputs>[]): void => {
    for (const [place, run] of runs.entries()) expectNoStartAfter(run, place + 1);
  };

  test.each([1, 2, 7])(
    'ends each step once and gives everything back, whenever it is cancelled (%i at once)',
    (gpu) => {
      expectNoStarts(
        disturbed(gpu, (run) => {
          run.cancel('now');
        }),
      );
    },
  );

  test.each([1, 2, 7])('starts nothing more, whenever it is drained (%i at once)', (gpu) => {
    expectNoStarts(
      disturbed(gpu, (run) => {
        run.cancel('now', { drain: true });
      }),
    );
  });

  test.each([1, 2, 7])('is sound, whenever a drain is cut short (%i at once)', (gpu) => {
    expectNoStarts(
      disturbed(gpu, (run) => {
        run.cancel('first', { drain: true });
        run.cancel('now');
      }),
    );
  });

  test.each([1, 2, 7])('is sound, whenever it is paused and resumed (%i at once)', (gpu) => {
    const runs = disturbed(gpu, (run) => {
      run.pause('gpu');
      run.resume('gpu');
      run.pause();
      run.resume();
    });
    for (const run of runs) expect(run.result).toMatchObject(outputs);
  });
}

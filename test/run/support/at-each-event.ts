import type { Need, Run, RunOptions, Workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { Watched } from './watch.ts';

/**
 * Runs a workflow once for each event of an undisturbed run, and does something to the run as that event is told.
 *
 * @param make - makes the workflow anew, for a clock of its own
 */
export function atEachEvent<Outputs>(
  make: (time: VirtualTime) => Workflow<Outputs>,
  disturb: (run: Run<Outputs>) => void,
  options: RunOptions<Need> = {},
): Watched<Outputs>[] {
  const undisturbed = runDisturbed(make, () => undefined, Infinity, options);
  return undisturbed.events.map(({ seq }) => runDisturbed(make, disturb, seq, options));
}

function runDisturbed<Outputs>(
  make: (time: VirtualTime) => Workflow<Outputs>,
  disturb: (run: Run<Outputs>) => void,
  at: number,
  options: RunOptions<Need>,
): Watched<Outputs> {
  const time = new VirtualTime();
  const run = new Watched(make(time), time, options, (own) => {
    own.progress$.subscribe(({ seq }) => {
      if (seq === at) disturb(own);
    });
  });
  time.flush();
  return run;
}

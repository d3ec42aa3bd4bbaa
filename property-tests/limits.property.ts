import { describe, expect } from 'vitest';
import { everything } from './support/arbitrary-scenario.ts';
import { forAllRuns } from './support/forall.ts';
import { Occupancy } from './support/occupancy.ts';
import { allLimits } from './support/replay.ts';

describe('limits', () => {
  forAllRuns(
    'held = running + abandoned: what the run says is taken is what its bodies hold',
    everything,
    () => undefined,
    {
      spectator: {
        onTick: (run, journal, scenario) => {
          const occupancy = new Occupancy(scenario);
          for (const entry of journal.entries) occupancy.heed(entry);
          for (const [name, { taken }] of Object.entries(run.snapshot().resources)) {
            expect(taken, `what is taken of ${name}`).toBe(occupancy.taken[name] ?? 0);
          }
        },
      },
    },
  );

  forAllRuns(
    'the peaks in the metrics are the most that the bodies ever held',
    everything,
    ({ scenario, journal, run }) => {
      const occupancy = new Occupancy(scenario);
      const peaks: Record<string, number> = {};
      for (const entry of journal.entries) {
        occupancy.heed(entry);
        for (const [name, amount] of Object.entries(occupancy.taken))
          peaks[name] = Math.max(peaks[name] ?? 0, amount);
      }
      for (const [name, { peak, limit }] of Object.entries(run.metrics().resources)) {
        // A step that was cancelled by one who heard that it starts has held its demand, though its body was never called.
        const isExact =
          journal.events.filter(({ type }) => type === 'step-started').length ===
          journal.all('called').length;
        if (isExact) expect(peak, `the peak of ${name}`).toBe(peaks[name] ?? 0);
        expect(limit).toBe(allLimits(scenario)[name]);
      }
    },
  );
});

import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { Store } from 'millrace/store';
import {
  type Composition,
  checkLaws,
  composition,
  nothingAfterTheEnd,
  oneEndAStep,
  type Recording,
  runInVirtualTime,
} from 'millrace/testing';
import { describe, expect } from 'vitest';
import { parseRecord } from '../lib/store/journal-record.ts';
import { JournalState } from '../lib/store/journal-state.ts';
import { isWritten } from '../lib/store/outputs.ts';
import { eventually } from '../test/store/support/eventually.ts';
import { singleLines } from '../test/store/support/single-lines.ts';
import { cases } from './support/effort.ts';
import { keptRunId, recordsOf, storeWith } from './support/kept-runs.ts';
import { validated } from './support/validated.ts';

/**
 * Runs a composition that goes on with what these lines say; gives what happened, and the lines it has added.
 *
 * @param isSlow - whether the store answers some turns of the event loop later
 */
async function goOn(
  { workflow, options: { laws: _, at, ...options } }: Composition,
  lines: readonly string[],
  mayCancel: boolean,
  isSlow = false,
): Promise<{ readonly recording: Recording; readonly added: readonly string[] }> {
  const backend = storeWith(lines);
  const recording = await validated(() =>
    runInVirtualTime(workflow, {
      ...options,
      ...(mayCancel ? { at } : {}),
      store: new Store(isSlow ? eventually(backend) : backend),
      runId: keptRunId,
    }),
  );
  return { recording, added: singleLines((backend.readLines(keptRunId) ?? []).slice(lines.length)) };
}

describe('a run that stopped anywhere', () => {
  test.prop([composition({ maxDepth: 3 })], { numRuns: cases(60), endOnFailure: false })(
    'goes on to what its plan says, and does nothing twice that it has written down',
    async (composed) => {
      const first = await goOn(composed, [], true);
      const whole = first.added;
      const cuts =
        whole.length <= 40
          ? whole.map((_, cut) => cut + 1)
          : Array.from({ length: 40 }, (_, at) => Math.ceil(((at + 1) * whole.length) / 40));
      for (const cut of cuts) {
        const before = whole.slice(0, cut);
        const { recording, added } = await goOn(composed, before, false);
        try {
          checkLaws(recording, composed.options.laws);
          expectNothingTwice(recording, before, added);
        } catch (error) {
          throw new Error(
            `after ${String(cut)} of ${String(whole.length)} lines:\n${before.join('\n')}\n--- and then\n${added.join('\n')}\n---\n${recording.trace
              .map((entry) => JSON.stringify(entry))
              .join('\n')}\n${(error as Error).message}`,
            { cause: error },
          );
        }
      }
    },
  );
});

describe('a run that stopped anywhere, with a store that takes its time', () => {
  test.prop([composition({ maxDepth: 3 }), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))], {
    numRuns: cases(40),
    endOnFailure: false,
  })(
    'goes on to what its plan says, and does nothing twice that it has written down',
    async (composed, places) => {
      const { added: whole } = await goOn(composed, [], true, true);
      for (const place of [1, ...places.take(4)]) {
        const before = whole.slice(0, Math.ceil(place * whole.length));
        const { recording, added } = await goOn(composed, before, place < 0.2, true);
        // Time passes while the store is waited for, so that nothing can be said of who starts when.
        const broken = composed.options.laws?.flatMap(({ check }) => check(recording)) ?? [];
        const story = [...before, '--- and then', ...added].join('\n');
        expect(broken, story).toEqual([]);
        expect(oneEndAStep.check(recording), story).toEqual([]);
        expect(nothingAfterTheEnd.check(recording), story).toEqual([]);
        expectNothingTwice(recording, before, added);
      }
    },
  );
});

/** What was written down as done isn't done again, unless it was said why. */
function expectNothingTwice(recording: Recording, before: readonly string[], added: readonly string[]): void {
  const state = stateOf(before);
  const renewed = recordsOf(added).flatMap((record) =>
    record[0] === 'again' || record[0] === 'closed' || record[0] === 'again-within' || record[0] === 'undone'
      ? [record[1]]
      : [],
  );
  const isRenewed = (path: string): boolean =>
    renewed.some((each) => path === each || path.startsWith(`${each}/`) || path.startsWith(`${each}[`));
  // Steps that a stream connects run together.
  const hasMate = (path: string): boolean => {
    const mate = /stream\d+$/.test(path) ? `${path}source` : path.replace(/(stream\d+)source$/, '$1');
    return state.outputOf(mate) !== undefined;
  };
  const done = new Set(
    [...state.paths()].filter((path) => {
      const output = state.outputOf(path)?.output;
      return output !== undefined && isWritten(output) && output.u !== 1 && !isRenewed(path) && hasMate(path);
    }),
  );
  const twice = recording.trace.flatMap((entry) =>
    entry.kind === 'call' && done.has(entry.stepId) ? [entry.stepId] : [],
  );
  expect(twice).toEqual([]);
}

/** What the lines of a run come to. */
function stateOf(lines: readonly string[]): JournalState {
  const state = new JournalState();
  for (const line of lines) {
    const record = parseRecord(line);
    if (record !== undefined) state.apply(record);
  }
  return state;
}

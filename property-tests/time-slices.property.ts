import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CancelledError, defineWorkflow, type Workflow } from '../lib/index.ts';

// These wait on real time and can't do otherwise: a slice is the host's own time, off under any other scheduler. Nothing
// is asserted of how long anything takes. A slice shows itself as a stretch of steps without a microtask in between.

const size = 100_000;

let slices = 0;
let started = 0;
let isInSlice = false;

function body(): number {
  started++;
  if (!isInSlice) {
    isInSlice = true;
    slices++;
    queueMicrotask(() => {
      isInSlice = false;
    });
  }
  // Each step takes a little while, so that all of them can't be done in one slice on any machine.
  const until = performance.now() + 0.005;
  while (performance.now() < until);
  return started;
}

beforeEach(() => {
  slices = 0;
  started = 0;
});

const shapes: readonly (readonly [string, (index: number) => readonly string[]])[] = [
  ['independent', () => []],
  ['chained', (index) => (index === 0 ? [] : [String(index - 1)])],
];

describe.each(shapes)(`while ${String(size)} %s synchronous steps run`, (_, dependsOn) => {
  const busy: Workflow = defineWorkflow(
    'busy',
    Array.from({ length: size }, (__, index) => ({
      id: String(index),
      dependsOn: dependsOn(index),
      run: body,
      resource: {},
    })),
    { outputs: ['0'] },
  );
  let ticks = 0;
  let interval: NodeJS.Timeout;

  beforeEach(() => {
    ticks = 0;
    interval = setInterval(() => {
      ticks++;
    }, 1);
  });
  afterEach(() => {
    clearInterval(interval);
  });

  test('a 1 ms interval keeps firing', async () => {
    await busy.run().result();
    expect(started).toBe(size);
    // Half a second of work in slices of at most 10 ms gives the interval some fifty turns; without slices it has none.
    expect(ticks).toBeGreaterThan(10);
    expect(slices).toBeGreaterThan(ticks / 2);
  });

  test('a cancel takes effect within two slices, and at once when it is called', async () => {
    const run = busy.run();
    let slicesBefore = 0;
    let startedBefore = 0;
    // Slices are of the host's own time, and only a timer gets in between them.
    setTimeout(() => {
      slicesBefore = slices;
      startedBefore = started;
      run.cancel('enough');
    }, 1);
    await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
    expect(startedBefore).toBeGreaterThan(0);
    expect(slicesBefore).toBeLessThanOrEqual(2);
    expect(started).toBe(startedBefore);
    expect(startedBefore).toBeLessThan(size);
  });
});

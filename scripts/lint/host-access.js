/*
 * Time, chance and the host come in through two doors, so that a run can go through virtual time and the library
 * through a browser: lib/base/clock.ts and lib/base/host.ts.
 */

const time = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
  'requestIdleCallback',
  'performance',
  'scheduler',
  'MessageChannel',
];
const machine = [
  'process',
  'globalThis',
  'global',
  'self',
  'window',
  'navigator',
  'crypto',
  'Buffer',
  'require',
];

const restricted = (names, chance = true) => ({
  'no-restricted-globals': [
    'error',
    {
      globals: names.map((name) => ({
        name,
        message: 'The host is reached through lib/base/clock.ts and lib/base/host.ts.',
      })),
      checkGlobalObject: true,
    },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Time comes from a Clock.' },
    ...(chance ? [{ object: 'Math', property: 'random', message: 'Chance is a parameter.' }] : []),
  ],
});

/** ESLint's configuration for the doors; later entries are exceptions to earlier ones. */
export const hostAccess = [
  { files: ['lib/**', 'operators/**'], rules: restricted([...time, ...machine]) },
  { files: ['lib/base/clock.ts'], rules: restricted(machine) },
  { files: ['lib/base/host.ts'], rules: restricted(time.filter((name) => name !== 'MessageChannel')) },
  { files: ['lib/thread/{thread-host,browser-thread-host}.ts'], rules: restricted([]) },
  // The page lives in a browser.
  { files: ['lib/report/page/**'], rules: restricted([]) },
  // It is for Node alone. Its time still comes from a clock, but for the timer that must not hold the process.
  { files: ['lib/node/**'], rules: restricted(time) },
  { files: ['lib/node/frame-timer.ts'], rules: restricted([]) },
  // So is this; what is a sign of life to other processes comes from the host's time.
  { files: ['lib/store/**'], rules: restricted(time) },
  { files: ['lib/store/host-time.ts'], rules: restricted([]) },
  { files: ['lib/command/**'], rules: restricted(time) },
  // A pool outlives runs, and its threads know no time but the host's.
  { files: ['lib/pool/**'], rules: restricted([]) },
  // An operator has no run to take its chance from.
  { files: ['operators/retry-with-backoff.ts'], rules: restricted([...time, ...machine], false) },
];

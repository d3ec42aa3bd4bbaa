/*
 * The floors of the library, from the bottom: a file imports its own folder, the folders below it and the packages
 * named here, and nothing else. What isn't allowed is forbidden, so a new folder starts with no rights.
 *
 *   base ← graph, admission ← operators, sharing, definition ← channel ← attempt ← engine ← run ← workflow.ts ← index.ts
 *   engine ← branching.ts, stream.ts; run ← for-each-step.ts
 *   definition ← observe ← fan-out ← engine
 *   base, definition ← channel ← wire ← task ← thread, pool; run
 *   pool ← bullmq
 *
 * channel is what streams wait in, wire what crosses between threads, task a call wherever it runs, thread what only runs
 * inside of one, and pool the main side of it all.
 */

const lib = (...folders) => folders.map((folder) => `lib/${folder}/`);

const floors = [
  // A folder that isn't on any floor yet.
  { files: 'lib/**', below: [] },
  { files: 'lib/base/**', below: [] },
  // What of RxJS the bottom knows: time as a scheduler, and cancellation as a stream.
  {
    files: 'lib/base/{cancellation,clock,interop-observable,live-scheduler}.ts',
    below: [],
    typesOnly: ['rxjs'],
  },
  { files: 'lib/base/rxjs-parts.ts', below: [], packages: ['rxjs/internal/.+'] },
  { files: 'lib/graph/**', below: lib('base') },
  { files: 'lib/admission/**', below: lib('base') },
  { files: 'lib/sharing/**', below: lib('base', 'admission') },
  { files: 'operators/**', below: lib('base', 'admission'), packages: ['rxjs'] },
  // It gets its pool as an argument.
  {
    files: 'operators/offload.ts',
    below: lib('base', 'admission'),
    packages: ['rxjs'],
    typesOnly: lib('pool', 'task'),
  },
  // They fold over what runs tell.
  {
    files: 'operators/{estimate,expectations,forecast,forecast-row,foreseen-rows,outlook}.ts',
    below: lib('base', 'admission'),
    packages: ['rxjs'],
    typesOnly: lib('definition', 'observe'),
  },
  { files: 'lib/definition/**', below: lib('base', 'graph', 'admission'), typesOnly: ['rxjs'] },
  { files: 'lib/channel/**', below: lib('base') },
  {
    files: 'lib/channel/channel.ts',
    below: lib('base'),
    packages: ['rxjs'],
    typesOnly: lib('definition'),
  },
  { files: 'lib/observe/**', below: lib('base', 'graph', 'admission', 'definition'), typesOnly: ['rxjs'] },
  {
    files: 'lib/attempt/**',
    below: lib('base', 'admission', 'definition', 'channel'),
    typesOnly: ['rxjs'],
  },
  { files: 'lib/fan-out/**', below: lib('base', 'definition', 'observe'), typesOnly: ['rxjs'] },
  {
    files: 'lib/engine/**',
    below: lib(
      'base',
      'graph',
      'admission',
      'sharing',
      'definition',
      'channel',
      'observe',
      'attempt',
      'fan-out',
    ),
    // A loop over a table: streams are what the rooms above and below make of it.
    never: ['lib/base/rxjs-parts.ts', 'lib/base/operator-subscriber.ts'],
  },
  {
    files: 'lib/run/**',
    below: lib('base', 'graph', 'admission', 'sharing', 'definition', 'channel', 'observe', 'engine'),
    typesOnly: ['rxjs'],
  },
  {
    files: 'lib/workflow.ts',
    below: lib('base', 'graph', 'admission', 'definition', 'engine', 'run'),
    typesOnly: ['rxjs'],
  },
  {
    files: 'lib/branching.ts',
    below: lib('base', 'definition', 'engine'),
  },
  {
    files: 'lib/stream.ts',
    below: [...lib('base', 'definition', 'engine'), 'lib/branching.ts'],
  },
  {
    files: 'lib/for-each-step.ts',
    below: lib('base', 'definition', 'engine', 'run'),
    typesOnly: ['rxjs'],
  },
  {
    files: 'lib/subflow.ts',
    below: [...lib('base', 'definition'), 'lib/workflow.ts'],
  },
  {
    files: 'lib/index.ts',
    below: [
      ...lib(
        'base',
        'graph',
        'admission',
        'definition',
        'channel',
        'observe',
        'attempt',
        'fan-out',
        'engine',
        'run',
      ),
      'lib/workflow.ts',
      'lib/branching.ts',
      'lib/stream.ts',
      'lib/for-each-step.ts',
      'lib/subflow.ts',
    ],
  },
  {
    files: 'lib/simulate/**',
    below: [
      ...lib('base', 'graph', 'admission', 'definition', 'observe', 'engine', 'run'),
      'lib/workflow.ts',
    ],
    packages: ['rxjs'],
  },
  {
    files: 'lib/report/**',
    below: lib('base', 'graph', 'admission', 'definition', 'observe', 'run'),
    packages: ['rxjs', 'node:.+', 'millrace:report-page'],
  },
  // It plays a run again, otherwise.
  {
    files: 'lib/report/what-would-have-helped.ts',
    below: [...lib('base', 'admission', 'observe', 'simulate'), 'lib/workflow.ts'],
  },
  // How far what runs is, by what comes of it.
  {
    files: 'lib/report/dashboard-{frame,run}.ts',
    below: [...lib('base', 'graph', 'observe', 'run'), 'operators/forecast.ts'],
    typesOnly: ['operators/outlook.ts'],
  },
  {
    files: 'lib/report/timeline.ts',
    below: [...lib('base', 'graph', 'observe'), 'operators/forecast.ts'],
  },
  // The page's own script: it is bundled with what it imports.
  {
    files: 'lib/report/page/**',
    below: [],
    packages: ['\\.\\./[^/]+', '\\.\\./\\.\\./observe/[^/]+', '@dagrejs/dagre'],
  },
  {
    files: 'lib/opentelemetry/**',
    below: lib('base', 'graph', 'admission', 'definition', 'observe', 'run'),
    packages: ['rxjs', '@opentelemetry/api'],
    typesOnly: lib('task', 'pool', 'bullmq'),
  },
  // It keeps what the engine gives it to keep; where, only the backends know.
  {
    files: 'lib/store/**',
    below: lib('base', 'graph', 'admission', 'definition', 'wire', 'observe', 'engine', 'run', 'node'),
    packages: ['node:.+'],
    typesOnly: ['rxjs'],
  },
  // The bodies of steps on other machines: a pool, as far as a run can see.
  {
    files: 'lib/bullmq/**',
    below: lib('base', 'admission', 'definition', 'wire', 'task', 'pool'),
    packages: ['rxjs', 'node:.+'],
  },
  // Nobody else knows what the queue is made of.
  {
    files: 'lib/bullmq/{bullmq-transport,redis-client,redis-values}.ts',
    below: lib('base'),
    packages: ['node:.+', 'bullmq', 'ioredis'],
  },
  // For Node alone.
  {
    files: 'lib/node/**',
    below: lib('base', 'graph', 'admission', 'definition', 'observe', 'run', 'report'),
    packages: ['rxjs', 'node:.+'],
  },
  // What a shell sees: it loads what the user names, and asks the rest.
  {
    files: 'lib/command/**',
    below: [
      ...lib('base', 'admission', 'definition', 'observe', 'run', 'node', 'report', 'store', 'bullmq'),
      'lib/workflow.ts',
    ],
    packages: ['rxjs', 'commander', 'node:.+'],
  },
  // It changes where a replayed run stood, event by event.
  {
    files: 'lib/node/snapshot-fold.ts',
    below: lib('base', 'observe', 'report'),
    packages: ['immer'],
  },
  // What terminals draw, and where: a table of Unicode that others keep.
  {
    files: 'lib/node/terminal-text.ts',
    below: [],
    packages: ['string-width', 'node:.+'],
  },
  // How far what runs is, by what comes of it.
  {
    files: 'lib/node/progress-view.ts',
    below: [...lib('base', 'definition', 'observe'), 'operators/forecast.ts'],
    typesOnly: ['operators/outlook.ts', ...lib('report')],
  },
  {
    files: 'lib/testing/**',
    below: [
      ...lib(
        'base',
        'graph',
        'admission',
        'definition',
        'observe',
        'attempt',
        'engine',
        'run',
        'simulate',
        'store',
      ),
      'lib/workflow.ts',
      'lib/branching.ts',
      'lib/stream.ts',
      'lib/for-each-step.ts',
      'lib/subflow.ts',
    ],
    packages: ['rxjs', 'fast-check', 'vitest'],
  },
  { files: 'lib/wire/**', below: lib('base', 'channel') },
  { files: 'lib/task/**', below: lib('base', 'definition', 'channel', 'wire'), packages: ['rxjs'] },
  {
    files: 'lib/thread/**',
    below: lib('base', 'definition', 'wire', 'task'),
    packages: ['threads/worker'],
  },
  { files: 'lib/thread/thread-host.ts', below: lib('wire'), packages: ['node:worker_threads'] },
  {
    files: 'lib/pool/**',
    below: lib('base', 'admission', 'definition', 'channel', 'wire', 'task'),
    packages: ['rxjs', 'threads', 'node:.+'],
  },
];

/** Only they load a module when it is needed: importing threads.js has effects, log-update may not be there, and the user names one. */
const lazyFolders = [
  'lib/task/**',
  'lib/thread/**',
  'lib/pool/**',
  'lib/node/terminal-region.ts',
  'lib/command/{load-module,run-command,work-command}.ts',
];

/** ESLint's configuration for the floors; later entries are exceptions to earlier ones. */
export const importFloors = [
  ...floors.map(({ files, below, packages = [], typesOnly = [], never = [] }) => {
    const allowed = [...below, ...packages];
    return {
      files: [files],
      rules: {
        '@typescript-eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: allBut(files, [...allowed, ...typesOnly]),
                message: `Imports point down only: ${files} may import ${list([...allowed, ...typesOnly])}.`,
              },
              ...typesOnly.map((place) => ({
                regex: `^${specifierOf(files, place)}$`,
                allowTypeImports: true,
                message: `${files} may import only types of ${place}.`,
              })),
              ...never.map((place) => ({
                regex: `^${specifierOf(files, place)}$`,
                message: `${files} has nothing to do with ${place}.`,
              })),
            ],
          },
        ],
      },
    };
  }),
  {
    files: ['lib/**', 'operators/**'],
    ignores: lazyFolders,
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportExpression',
          message: 'The main entry and the operators load everything at once.',
        },
        { selector: 'TSImportType', message: 'Types are imported at the top, where the floors are checked.' },
        { selector: 'NewExpression[callee.name="Date"]', message: 'Time comes from a Clock.' },
      ],
    },
  },
];

/** Matches every specifier but those of the file's own folder and of what is allowed. */
function allBut(files, allowed) {
  const own = files.includes('/', 'lib/'.length) ? ['\\./[^/]+'] : [];
  return `^(?!(?:${[...own, ...allowed.map((place) => specifierOf(files, place))].join('|')})$)`;
}

/** How files of a floor spell a place: relative where it is ours, as it is where it is a package. */
function specifierOf(files, place) {
  if (!/^(lib|operators)\//.test(place)) return place;
  const path = place.replaceAll('.', '\\.').replace(/\/$/, '/[^/]+');
  if (!files.startsWith('lib/')) return `\\.\\./${path}`;
  if (!/^lib\/[^/]+\//.test(files)) return `\\./${path.replace(/^lib\//, '')}`;
  return path.startsWith('lib/') ? `\\.\\./${path.slice('lib/'.length)}` : `\\.\\./\\.\\./${path}`;
}

function list(places) {
  return ['its own folder', ...places].join(', ');
}

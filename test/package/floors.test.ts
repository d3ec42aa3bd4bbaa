import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

// Only what needs no types, so that the files needn't exist.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: false } },
  },
  ruleFilter: ({ ruleId }) => ruleId.includes('no-restricted-'),
});

async function complaints(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${root}${filePath}` });
  return result?.messages.map(({ message }) => message) ?? [];
}

describe('the linter refuses', { timeout: 60_000 }, () => {
  test.each([
    ['lib/base/new.ts', "import '../graph/graph.ts';"],
    ['lib/base/new.ts', "import 'rxjs';"],
    ['lib/base/new.ts', "export type { Graph } from '../graph/graph.ts';"],
    ['lib/base/clock.ts', "import '../admission/demand.ts';"],
    ['lib/base/live-scheduler.ts', "import { asyncScheduler } from 'rxjs';"],
    ['lib/workflow.ts', "import { defer } from 'rxjs';"],
    ['lib/graph/new.ts', "import '../admission/demand.ts';"],
    ['lib/graph/new.ts', "import type { Observable } from 'rxjs';"],
    ['lib/admission/new.ts', "import '../graph/graph.ts';"],
    ['operators/new.ts', "import '../lib/definition/step.ts';"],
    ['operators/new.ts', "import type { ThreadPool } from '../lib/pool/thread-pool.ts';"],
    ['operators/offload.ts', "import { threadPool } from '../lib/pool/thread-pool.ts';"],
    ['lib/definition/new.ts', "import { of } from 'rxjs';"],
    ['lib/definition/new.ts', "import '../run/run.ts';"],
    ['lib/definition/new.ts', "export type Run = import('../run/run.ts').Run;"],
    ['lib/observe/new.ts', "import '../run/run.ts';"],
    ['lib/observe/new.ts', "import type { Row } from '../engine/step-table.ts';"],
    ['lib/observe/new.ts', "import { Subject } from 'rxjs';"],
    ['lib/observe/new.ts', "import 'immer';"],
    ['lib/attempt/new.ts', "import type { Scope } from '../engine/scope.ts';"],
    ['lib/attempt/new.ts', "import type { ProgressEvent } from '../observe/progress-event.ts';"],
    ['lib/attempt/new.ts', "import { from } from 'rxjs';"],
    ['lib/fan-out/new.ts', "import type { FanOutScope } from '../engine/fan-out-scope.ts';"],
    ['lib/fan-out/new.ts', "import '../attempt/attempt.ts';"],
    ['lib/fan-out/new.ts', "import { mergeMap } from 'rxjs';"],
    ['lib/engine/new.ts', "import type { RunOptions } from '../run/run-options.ts';"],
    ['lib/engine/new.ts', "import '../run/run.ts';"],
    ['lib/engine/new.ts', "import '../workflow.ts';"],
    ['lib/engine/new.ts', "import { Subject } from 'rxjs';"],
    ['lib/engine/new.ts', "import { Observable } from '../base/rxjs-parts.ts';"],
    ['lib/engine/new.ts', "import '../../operators/retry-with-backoff.ts';"],
    ['lib/run/new.ts', "import '../workflow.ts';"],
    ['lib/run/new.ts', "import '../pool/thread-pool.ts';"],
    ['lib/run/new.ts', "import '../../operators/retry-with-backoff.ts';"],
    ['lib/run/new.ts', "import '../../test/support/marbles.ts';"],
    ['lib/run/new.ts', "import 'node:os';"],
    ['lib/run/new.ts', "import 'immer';"],
    ['lib/run/new.ts', "export const later = () => import('../pool/index.ts');"],
    ['lib/workflow.ts', "import './index.ts';"],
    ['lib/index.ts', "export { threadPool } from './pool/thread-pool.ts';"],
    ['lib/wire/new.ts', "import type { TaskContext } from '../task/task-context.ts';"],
    ['lib/task/new.ts', "import '../thread/task-runner.ts';"],
    ['lib/thread/new.ts', "import 'node:worker_threads';"],
    ['lib/thread/new.ts', "import type { Thread } from '../pool/thread.ts';"],
    ['lib/pool/new.ts', "import type { TaskRunner } from '../thread/task-runner.ts';"],
    ['lib/pool/new.ts', "import '../run/run.ts';"],
    ['lib/report/new.ts', "import '../node/replay.ts';"],
    ['lib/node/new.ts', "import '../pool/index.ts';"],
    ['lib/node/new.ts', "export const later = () => import('log-update');"],
    ['lib/node/new.ts', 'setTimeout(Boolean);'],
    ['lib/store/new.ts', "import '../report/timeline.ts';"],
    ['lib/store/new.ts', 'setInterval(Boolean);'],
    ['lib/fresh/new.ts', "import '../base/errors.ts';"],
  ])('in %s: %s', async (file, code) => {
    expect(await complaints(file, code)).toHaveLength(1);
  });

  test.each([
    'setTimeout(Boolean);',
    'globalThis.setTimeout(Boolean);',
    'performance.now();',
    'Date.now();',
    'new Date();',
    'Math.random();',
    'process.env;',
    'crypto.randomUUID();',
  ])('time, chance and the host in the engine: %s', async (code) => {
    expect(await complaints('lib/engine/new.ts', code)).not.toEqual([]);
    expect(await complaints('lib/attempt/new.ts', code)).not.toEqual([]);
    expect(await complaints('lib/run/new.ts', code)).not.toEqual([]);
    expect(await complaints('lib/base/new.ts', code)).not.toEqual([]);
    expect(await complaints('operators/new.ts', code)).not.toEqual([]);
  });
});

test.each([
  ['lib/base/clock.ts', "import type { SchedulerLike } from 'rxjs'; performance.now(); setTimeout(Boolean);"],
  ['lib/base/host.ts', 'new MessageChannel(); globalThis;'],
  ['lib/definition/new.ts', "import type { Observable } from 'rxjs'; import '../graph/graph.ts';"],
  ['operators/offload.ts', "import type { ThreadPool } from '../lib/pool/thread-pool.ts';"],
  ['operators/retry-with-backoff.ts', 'Math.random();'],
  [
    'lib/run/new.ts',
    "import './run.ts'; import '../engine/engine.ts'; import type { Observable } from 'rxjs';",
  ],
  ['lib/node/new.ts', "import 'node:fs'; import '../report/timeline.ts'; process.stderr;"],
  ['lib/node/frame-timer.ts', 'setInterval(Boolean);'],
  ['lib/node/snapshot-fold.ts', "import 'immer'; import '../observe/descent.ts';"],
  ['lib/attempt/new.ts', "import type { Observable } from 'rxjs'; import '../channel/channel.ts';"],
  ['lib/fan-out/new.ts', "import '../observe/failures.ts'; import '../definition/step.ts';"],
  [
    'lib/engine/new.ts',
    "import './scope.ts'; import '../attempt/attempt.ts'; import '../fan-out/items.ts'; import '../observe/progress.ts';",
  ],
  [
    'lib/pool/new.ts',
    "import 'node:os'; import '../wire/messages.ts'; import('threads'); setTimeout(Boolean);",
  ],
  ['bench/new.bench.ts', "import '../lib/run/run.ts'; Date.now();"],
])('the linter lets pass, in %s: %s', { timeout: 60_000 }, async (file, code) => {
  expect(await complaints(file, code)).toEqual([]);
});

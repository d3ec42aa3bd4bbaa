import { step, workflow } from 'millrace';
import { serveTasks } from 'millrace/bullmq';
import { readJsonLines, renderProgress, replay, writeJsonLines } from 'millrace/node';
import { traceTasks } from 'millrace/opentelemetry';
import { estimate, mergeMapWithin, retryWithBackoff } from 'millrace/operators';
import { htmlReport, serveDashboard, toDot, toMermaid } from 'millrace/report';
import { plan, simulate, whatIf } from 'millrace/simulate';
import { fileStore } from 'millrace/store';
import { checkLaws, drawRun, runInVirtualTime } from 'millrace/testing';
import { describe } from 'vitest';
import { testMistakes, wrong } from './support/mistakes.ts';

const simple = workflow('simple', { one: step('one', () => 1) });

describe('what looks at runs', () => {
  testMistakes([
    [
      'a log that is missing',
      "the event log missing.jsonl can't be read: ENOENT",
      () => readJsonLines('missing.jsonl'),
    ],
    ['a log that is none', 'package.json is no event log', () => readJsonLines('package.json')],
    [
      'a log of no run',
      'writeJsonLines: expected the run to be a run',
      () => writeJsonLines(wrong({}), 'run.jsonl'),
    ],
    ['a terminal of no run', 'renderProgress: expected the run', () => renderProgress(wrong({}))],
    ['a replay of no log', 'as `readJsonLines` gives it', () => replay(wrong([]))],
    ['a report of a path', 'got "run.jsonl"', () => htmlReport(wrong('run.jsonl'))],
    [
      'a diagram of nothing',
      'toMermaid: expected the workflow to be a workflow',
      () => toMermaid(wrong(undefined)),
    ],
    ['a drawing of a run', 'toDot: expected the workflow to be a workflow', () => toDot(wrong(simple.run()))],
    ['a dashboard of no run', 'expected the runs to be a run', () => serveDashboard(wrong({}))],
    [
      'a dashboard at no port',
      'port to be a number from 0 to 65535',
      () => serveDashboard(simple.run(), { port: 70_000 }),
    ],
    ['an estimate of no run', 'estimate: expected the run', () => estimate(wrong({}))],
    [
      'laws of a Promise',
      'gives, awaited, got an instance of Promise',
      () => {
        checkLaws(wrong(runInVirtualTime(simple)));
      },
    ],
    [
      'a picture of a Promise',
      'drawRun: expected the recording',
      () => drawRun(wrong(runInVirtualTime(simple))),
    ],
  ]);
});

describe('what stands by itself', () => {
  testMistakes([
    ['a store without a folder', 'fileStore: expected the folder to be a path', () => fileStore('')],
    [
      'operators the wrong way round',
      'mergeMapWithin: expected the budget',
      () =>
        mergeMapWithin(
          wrong(() => 1),
          wrong({ concurrency: 1 }),
        ),
    ],
    [
      'a back-off that is none',
      'retry.delay to be a duration',
      () => retryWithBackoff(wrong({ attempts: 2, delay: 'soon' })),
    ],
    [
      'a simulation with a misspelt option',
      "did you mean 'durations'?",
      () => simulate(simple, wrong({ duration: 5 })),
    ],
    [
      'a plan by no durations',
      'expected durations to be a record',
      () => plan(simple, wrong({ durations: 5 })),
    ],
    [
      'one variant instead of a list',
      'the variants to be a list of records of limits',
      () => whatIf(simple, wrong({ 'heavy-cpu': 2 })),
    ],
    [
      'a task that is no function',
      "the task 'double' to be a function, got 2",
      () => traceTasks(wrong({ double: 2 })),
    ],
    [
      'workers without a queue',
      'queue',
      () => serveTasks(wrong({}), wrong({ connection: 'redis://localhost' })),
    ],
  ]);
});

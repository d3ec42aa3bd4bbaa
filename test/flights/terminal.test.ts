import { StepFailedError } from 'millrace';
import { describe, expect, test } from 'vitest';
import { FlightsFileError } from '../../examples/flights/parquet/flights-file-error.ts';
import { consoleTable } from '../../examples/flights/report/console-table.ts';
import { errorLine } from '../../examples/flights/terminal/error-line.ts';
import { frame } from '../../examples/flights/terminal/frame.ts';
import { advance, fractionDone, type RunView, unstarted } from '../../examples/flights/terminal/run-view.ts';
import { isAnimated, isColoured, type Output } from '../../examples/flights/terminal/stream-abilities.ts';
import type { ProgressNews } from '../../lib/run/progress-event.ts';

function viewAfter(...news: readonly ProgressNews[]): RunView {
  return news.reduce(
    (view, event, index) => advance(view, { seq: index + 1, at: 0, runId: 'run', ...event }),
    unstarted,
  );
}

const started = { type: 'run-started', workflow: 'flights', steps: 4 } as const;
const a = { stepId: 'a', attempt: 1 } as const;
const b = { stepId: 'b', attempt: 1 } as const;

describe('the view of a run', () => {
  test('counts what is done and how far the rest is', () => {
    const view = viewAfter(
      started,
      { type: 'step-started', ...a },
      { type: 'step-started', ...b },
      { type: 'step-completed', ...a, durationMs: 5 },
      { type: 'step-progress', ...b, fraction: 0.5 },
    );
    expect(view).toMatchObject({ steps: 4, completed: 1, running: new Map([['b', 0.5]]) });
    expect(fractionDone(view)).toBe(0.375);
  });

  test.each(['step-failed', 'step-cancelled'] as const)('no longer shows a step after %s', (type) => {
    const view = viewAfter(
      started,
      { type: 'step-started', ...a },
      { type, ...a, durationMs: 1, error: new Error('x') },
    );
    expect(view.running.size).toBe(0);
  });

  test('keeps retries and warnings as notes', () => {
    const view = viewAfter(
      { type: 'step-retrying', ...a, error: new Error('busy'), delayMs: 10 },
      { type: 'warning', ...b, topic: 'blocked', message: 'too long' },
    );
    expect(view.notes).toEqual(['a failed and is tried again: Error: busy', 'b: too long']);
  });

  test('has done nothing of a run that has not started', () => {
    expect(fractionDone(unstarted)).toBe(0);
  });
});

describe('a frame', () => {
  const running = new Map(Array.from({ length: 10 }, (_, index) => [`step-${String(index)}`, index / 10]));
  const view: RunView = { steps: 20, completed: 5, running, notes: [] };

  test('has a bar for the run and a line a step, up to eight', () => {
    const text = frame(view, { title: 'demo', elapsedMs: 1234, colour: false });
    expect(text.split('\n')).toHaveLength(10);
    expect(text).toContain('demo  ██████████████░░░░░░░░░░░░░░░░  5/20 steps  1.23 s');
    expect(text).toContain('  step-5  ██████░░░░░░   50 %');
    expect(text).toContain('… and 2 more');
  });

  test('has escape codes only where there is colour', () => {
    const escapeCode = String.fromCodePoint(27);
    expect(frame(view, { title: '', elapsedMs: 0, colour: false })).not.toContain(escapeCode);
    expect(frame(view, { title: '', elapsedMs: 0, colour: true })).toContain(escapeCode);
  });
});

describe('what a stream can show', () => {
  const terminal: Output = {
    isTTY: true,
    rows: 24,
    hasColors: (environment) => !('NO_COLOR' in environment),
  };
  const pipe: Output = {};

  test.each([
    { stream: terminal, environment: {}, animated: true },
    { stream: terminal, environment: { CI: 'false' }, animated: true },
    { stream: terminal, environment: { CI: 'true' }, animated: false },
    { stream: terminal, environment: { TERM: 'dumb' }, animated: false },
    { stream: { ...terminal, rows: 0 }, environment: {}, animated: false },
    { stream: pipe, environment: {}, animated: false },
  ])('animates $animated for $environment', ({ stream, environment, animated }) => {
    expect(isAnimated(stream, environment)).toBe(animated);
  });

  test('is coloured on a terminal unless colours are unwanted', () => {
    expect(isColoured(terminal, {})).toBe(true);
    expect(isColoured(terminal, { NO_COLOR: '1' })).toBe(false);
    expect(isColoured(pipe, {})).toBe(false);
  });
});

describe('errorLine', () => {
  const failed = (cause: unknown) => new StepFailedError('report', 1, ['merge', 'report'], cause);
  const noSpace = Object.assign(new Error('ENOSPC: no space left\n on device'), {
    errno: -28,
    syscall: 'write',
  });

  test.each([
    {
      what: 'a bad file',
      error: new FlightsFileError('a.parquet', 'no such file'),
      line: 'a.parquet: no such file',
    },
    {
      what: 'a bad file in a step',
      error: failed(new FlightsFileError('a.parquet', 'cut')),
      line: 'a.parquet: cut',
    },
    {
      what: 'a bad file in a thread',
      error: failed(Object.assign(new Error('a: cut'), { code: 'FLIGHTS_FILE' })),
      line: 'a: cut',
    },
    { what: 'the system', error: noSpace, line: 'ENOSPC: no space left on device' },
    {
      what: 'the system in a step',
      error: failed(noSpace),
      line: "step 'report' failed: ENOSPC: no space left on device",
    },
    { what: 'a fault of the program', error: new TypeError('x is not a function'), line: undefined },
    { what: 'a fault of the program in a step', error: failed(new TypeError('x')), line: undefined },
    { what: 'something that is no error', error: 'x', line: undefined },
  ])('puts $what in a line, or leaves it its stack', ({ error, line }) => {
    expect(errorLine(error)).toBe(line);
  });
});

test('consoleTable aligns text to the left, numbers to the right, and cuts what is too long', () => {
  const rows = [
    { name: 'Chicago', flights: 5 },
    { name: 'St. Louis Lambert', flights: 1234 },
  ];
  const table = consoleTable(rows, [
    { title: 'name', align: 'left', cell: ({ name }) => name, maxWidth: 10 },
    { title: 'flights', align: 'right', cell: ({ flights }) => String(flights) },
  ]);
  expect(table.split('\n')).toEqual([
    'name        flights',
    '──────────  ───────',
    'Chicago           5',
    'St. Louis…     1234',
  ]);
});

import { type ProgressEvent, step, workflow } from 'millrace';
import { type Logger, pino } from 'pino';
import { expect, test, vi } from 'vitest';

// The adapters of docs/opentelemetry.md.

/** A run that logs, warns, is tried again and fails. */
function noisyRun() {
  const noisy = step(
    'noisy',
    (ctx) => {
      ctx.log('read', { rows: 3 });
      ctx.log('done');
      ctx.defer(() => {
        throw new Error('finaliser');
      });
      throw new RangeError('too far');
    },
    { retry: 1 },
  );
  return workflow('w', { noisy }).run({ runId: 'r1' });
}

/** A logger of pino, and what it has written. */
function recording(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { logger: pino({ base: null, timestamp: false }, { write }), lines };
}

test('one line brings what steps log into pino', async () => {
  const { logger, lines } = recording();
  const run = noisyRun();
  run.progress$.subscribe((event) => {
    if (event.type === 'log')
      logger.info({ step: event.stepId, attempt: event.attempt, data: event.data }, event.message);
  });
  await expect(run.result()).rejects.toThrow();
  expect(lines).toStrictEqual(
    [1, 2].flatMap((attempt) => [
      { level: 30, step: 'noisy', attempt, data: { rows: 3 }, msg: 'read' },
      { level: 30, step: 'noisy', attempt, msg: 'done' },
    ]),
  );
});

test('failures and warnings keep their errors there', async () => {
  const { logger: whole, lines } = recording();
  const run = noisyRun();
  const logger = whole.child({ workflow: run.workflow.name, run: run.runId });
  run.progress$.subscribe((event: ProgressEvent) => {
    switch (event.type) {
      case 'warning':
        logger.warn({ step: event.stepId, topic: event.topic, err: event.error }, event.message);
        break;
      case 'step-retrying':
        logger.warn({ step: event.stepId, attempt: event.attempt, err: event.error }, 'tried again');
        break;
      case 'step-failed':
        logger.error({ step: event.stepId, attempt: event.attempt, err: event.error }, 'failed');
        break;
      default:
        break;
    }
  });
  await expect(run.result()).rejects.toThrow();
  expect(lines).toMatchObject([
    { level: 40, workflow: 'w', run: 'r1', topic: 'finaliser', err: { type: 'Error', message: 'finaliser' } },
    { level: 40, attempt: 1, err: { type: 'RangeError', message: 'too far' }, msg: 'tried again' },
    { level: 40, topic: 'finaliser' },
    { level: 50, attempt: 2, err: { type: 'StepFailedError', code: 'STEP_FAILED' }, msg: 'failed' },
  ]);
});

test('and into the console', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const run = noisyRun();
  run.progress$.subscribe((event) => {
    if (event.type === 'log')
      console.log(`[${event.stepId}]`, event.message, ...(event.data === undefined ? [] : [event.data]));
  });
  await expect(run.result()).rejects.toThrow();
  expect(log.mock.calls.slice(0, 2)).toStrictEqual([
    ['[noisy]', 'read', { rows: 3 }],
    ['[noisy]', 'done'],
  ]);
  log.mockRestore();
});

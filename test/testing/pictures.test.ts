import { InvalidOptionsError, step, workflow } from 'millrace';
import { drawRun, expectRun, PictureMismatchError, runInVirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';

const extract = step('extract', () => 1, { retry: { attempts: 2, delay: 2 } });
const clean = step('clean', { extract }, () => 2);
const report = step('report', { clean }, () => 3);
const flow = workflow('etl', { report });
const durations = { extract: 3, clean: 4, report: 0 };

describe('a picture of a run', () => {
  test('is followed', async () => {
    const recording = await expectRun(flow, { durations }).toFollow({
      extract: '--x|',
      clean: '   ---x|  ',
      report: '       |',
    });
    expect(drawRun(recording)).toStrictEqual({ extract: '--x|', clean: '   ---x|', report: '       |' });
  });

  test('draws failures, back-offs and cancels', async () => {
    await expectRun(flow, { durations, failures: { extract: 1 } }).toFollow({ extract: '---# --x|' });
    await expectRun(flow, { durations, failures: { clean: 1 } }).toFollow({
      clean: '   ----#',
      report: '       !',
    });
    await expectRun(flow, {
      durations,
      at: {
        5: (run) => {
          run.cancel();
        },
      },
    }).toFollow({
      extract: '--x|',
      clean: '   --!',
      report: '     !',
    });
    await expectRun(flow, { durations, onFailure: 'continue', failures: { clean: 1 } }).toFollow({
      report: '',
    });
  });

  test('has frames of any length', async () => {
    const recording = await runInVirtualTime(flow, {
      durations: { extract: '1h', clean: '2h', report: '1h' },
    });
    expect(drawRun(recording, { frame: '1h' })).toStrictEqual({
      extract: 'x|',
      clean: ' -x|',
      report: '   x|',
    });
  });

  test('is shown beside what happened where they differ', async () => {
    const fault: unknown = await expectRun(flow, { durations })
      .toFollow({ extract: '-x|', clean: '   ---x|' })
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(PictureMismatchError);
    expect(fault).toMatchObject({
      code: 'PICTURE_MISMATCH',
      differences: { extract: { expected: '-x|', actual: '--x|' } },
    });
    expect(String(fault)).toContain("  extract  expected  '-x|'\n           but was   '--x|'");
  });

  test('tells why the run failed, or was cancelled, where it was', async () => {
    const failing = expectRun(flow, { durations, failures: { clean: 1 } }).toFollow({ clean: '   ---x|' });
    await expect(failing).rejects.toThrow(
      /but was {3}' {3}----#'\nit failed: StepFailedError: step 'clean' failed .*attempt 1 of 'clean' fails, as was asked for$/,
    );
    await expect(failing).rejects.toMatchObject({ cause: { code: 'STEP_FAILED' } });
    const cancelled = expectRun(flow, {
      durations,
      at: {
        5: (run) => {
          run.cancel('enough');
        },
      },
    }).toFollow({ clean: '   ---x|' });
    await expect(cancelled).rejects.toThrow(/it was cancelled: .*enough/);
    await expect(expectRun(flow, { durations }).toFollow({ clean: '' })).rejects.toMatchObject({
      cause: undefined,
    });
  });

  test.each<[rows: object, message: string]>([
    [{ extrakt: '|' }, "did you mean 'extract'?"],
    [{ extract: '--y|' }, 'made of - x | # ! and spaces'],
    [{ extract: 5 }, 'made of'],
  ])('%j is refused', async (rows, message) => {
    await expect(expectRun(flow).toFollow(rows as Record<string, string>)).rejects.toThrow(message);
    await expect(expectRun(flow).toFollow(rows as Record<string, string>)).rejects.toThrow(
      InvalidOptionsError,
    );
  });

  test('of frames without length is refused', async () => {
    const recording = await runInVirtualTime(flow, { bodies: 'replace' });
    expect(() => drawRun(recording, { frame: 0 })).toThrow('frame to be above 0');
  });
});

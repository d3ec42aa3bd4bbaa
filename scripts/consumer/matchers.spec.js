import { step, workflow } from 'millrace';
import { renderProgress } from 'millrace/node';
import { runInVirtualTime } from 'millrace/testing';
import 'millrace/testing/vitest';
import { expect, test } from 'vitest';

const first = step('first', () => 1);
const second = step('second', { first }, ({ first }) => first + 1);
const both = workflow('both', { second });

test('the matchers are those of this Vitest', async () => {
  const recording = await runInVirtualTime(both, { durations: { first: '1s', second: '1s' } });
  expect(recording).toRunBefore('first', 'second');
  expect(recording).not.toOverlap('first', 'second');
  expect(() => expect(recording).toOverlap('first', 'second')).toThrow('first');
});

test('the live view is drawn with this log-update', async () => {
  let drawn = '';
  const stream = {
    isTTY: true,
    columns: 80,
    rows: 24,
    write(text) {
      drawn += text;
      return true;
    },
  };
  const run = both.run();
  const display = renderProgress(run, { stream, style: 'live' });
  await run.result();
  await display.done;
  expect(drawn).toContain('\u001b[');
  expect(drawn).not.toContain('needs the package log-update');
});

import { appendFileSync } from 'node:fs';
import { hrtime, pid } from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { exposeTasks } from 'millrace/worker';

/** What `bullmq.bench` and `bullmq-memory.bench` have done elsewhere. Processes of one machine share the clock that is noted. */
export const tasks = exposeTasks({
  echo: (value: unknown) => value,
  bytes: (length: number) => new Uint8Array(length).fill(7),
  async untilCancelled(notes: string, { token }) {
    appendFileSync(notes, `began ${String(hrtime.bigint())} ${String(pid)}\n`);
    while (!token.isCancelled) await setImmediate();
    appendFileSync(notes, `seen ${String(hrtime.bigint())}\n`);
  },
});

// On a Node that strips types: a worker file in TypeScript by its own URL, whose lines are those of the file in stack traces
// and in a debugger.
import { Session } from 'node:inspector';
import { threadPool } from 'millrace/workers';
import { firstValueFrom } from 'rxjs';
import type { tasks } from './typed-tasks.ts';

const session = new Session();
const files = new Map<string, string>();
session.connect();
const paused = new Promise<string>((resolve) => {
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId } }) => {
    session.post('NodeWorker.sendMessageToWorker', {
      sessionId,
      message: JSON.stringify({ id: 1, method: 'Debugger.enable' }),
    });
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
    const { method, params } = JSON.parse(message);
    if (method === 'Debugger.scriptParsed') files.set(params.scriptId, params.url.split('/').at(-1));
    if (method !== 'Debugger.paused') return;
    const { scriptId, lineNumber } = params.callFrames[0].location;
    session.post('NodeWorker.sendMessageToWorker', {
      sessionId,
      message: JSON.stringify({ id: 2, method: 'Debugger.resume' }),
    });
    resolve(`${files.get(scriptId)}:${lineNumber + 1}`);
  });
});
session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });

const pool = threadPool<typeof tasks>(new URL('./typed-tasks.ts', import.meta.url), { size: 1 });
await pool.prewarm();
const doubled = await firstValueFrom(pool.run('double', 21));
const stack = await firstValueFrom(pool.run('fails', 'no')).then(
  () => '',
  (error: Error) => error.stack,
);
const [, line] = /typed-tasks\.ts:(\d+)/.exec(stack ?? '') ?? [];
console.log(`${doubled}, stopped at ${await paused}, thrown at line ${line}`);
session.disconnect();
await pool.close();

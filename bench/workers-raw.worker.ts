/** Nothing but messages: the floor that every pool stands on. */
import { parentPort } from 'node:worker_threads';
import { type PlainTask, plainTasks } from './workers-tasks.ts';

parentPort?.on('message', ([id, name, input]: [id: number, name: PlainTask, input: never]) => {
  parentPort?.postMessage([id, plainTasks[name](input)]);
});

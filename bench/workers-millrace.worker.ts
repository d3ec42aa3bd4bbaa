import { exposeTasks } from 'millrace/worker';
import { plainTasks } from './workers-tasks.ts';

export const tasks = exposeTasks(plainTasks);

import { exposeTasks } from 'millrace/worker';
import { aggregate } from './workers-flights-task.ts';

export const tasks = exposeTasks({ aggregate });

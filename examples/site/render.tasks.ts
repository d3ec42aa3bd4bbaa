import { exposeTasks } from 'millrace/worker';
import { render } from './render.ts';

export const tasks = exposeTasks({ render });

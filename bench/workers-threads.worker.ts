import { expose } from 'threads/worker';
import { plainTasks } from './workers-tasks.ts';

expose({ ...plainTasks });

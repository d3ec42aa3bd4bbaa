import workerpool from 'workerpool';
import { plainTasks } from './workers-tasks.ts';

workerpool.worker(plainTasks);

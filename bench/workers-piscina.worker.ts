/** For piscina and tinypool, which call a module's functions by name. */
import { plainTasks } from './workers-tasks.ts';

export const { empty, echo, sizeOf, compute, gzip } = plainTasks;
export default plainTasks.echo;

/** For piscina, which calls what a module exports by default. */
export { aggregate as default } from './workers-flights-task.ts';

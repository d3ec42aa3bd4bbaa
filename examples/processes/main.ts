/*
 * Runs programs as steps, and ends them with all that they have started: here after a while, or at Ctrl-C.
 *
 *   npm run example:processes
 */
import { CancelledError, step, workflow } from 'millrace';
import { command } from './command.ts';

// A program that starts another one, which holds its output open.
const serving = `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
  setInterval(() => {}, 1000);
`;

const version = step('version', (ctx) => command(process.execPath, ['--version'], ctx));
const server = step('server', { version }, (_, ctx) => command(process.execPath, ['-e', serving], ctx));

// Longer than a program may take to end, so that none is given up while it does.
const run = workflow('processes', { version, server }).run({ gracePeriod: '5s' });
// Each time, since a process that dies of the second Ctrl-C would leave behind what it has started.
process.on('SIGINT', () => {
  run.cancel('Ctrl-C');
});
run.progress$.subscribe({
  next: (event) => {
    if (event.type === 'step-completed') console.log(`${event.stepId} has ended`);
    if (event.type === 'step-cancelled')
      console.log(`${event.stepId} was stopped, and all that it had started`);
  },
  error: console.error,
});
const timer = setTimeout(() => {
  run.cancel('enough');
}, 1000);
try {
  await run.result();
} catch (error) {
  if (!(error instanceof CancelledError)) throw error;
  console.log(`cancelled: ${String(error.reason)}`);
  process.exitCode = error.reason === 'Ctrl-C' ? 130 : 0;
} finally {
  clearTimeout(timer);
}

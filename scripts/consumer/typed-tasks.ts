import { exposeTasks } from 'millrace/worker';

export const tasks = exposeTasks({
  double: (n: number): number => {
    // biome-ignore lint/suspicious/noDebugger: here a debugger is to stop
    debugger;
    return n * 2;
  },
  fails: (what: string): number => {
    throw new Error(what);
  },
});

import { exposeTasks } from 'millrace/worker';

export const tasks = exposeTasks({
  double: (number) => number * 2,
});

import { exposeTasks } from 'millrace/worker';
import { checkCosts } from './check-costs.ts';

export const tasks = exposeTasks({
  checkCosts(rounds: number, { token }) {
    return checkCosts(token, rounds);
  },
});

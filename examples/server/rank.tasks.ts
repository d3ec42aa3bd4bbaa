import { exposeTasks } from 'millrace/worker';
import { rank } from './rank.ts';

export const tasks = exposeTasks({ rank });

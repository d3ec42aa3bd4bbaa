// Node 20 loads no TypeScript in a thread: tsx does.
import { register } from 'tsx/esm/api';

register();
await import('./rank.tasks.ts');

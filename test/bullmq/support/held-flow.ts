import { step, workflow } from 'millrace';
import type { RemoteTasks } from 'millrace/bullmq';
import type { tasks } from '../fixtures/remote.worker.ts';

/** What a test of processes says of the flow that they have in common. */
export interface HeldTerms {
  readonly connection: string;
  readonly queue: string;
  readonly lease: '2s';
  readonly folder: string;
  readonly task: 'hold' | 'breakOnce';
  readonly input: { readonly notes: string; readonly until: string };
}

/** One step, done elsewhere, which is tried again once. */
export function heldFlow(remote: RemoteTasks<typeof tasks>, { task, input }: HeldTerms) {
  const held = step(
    'held',
    remote.task(task, () => input),
    { retry: 1 },
  );
  return workflow('held', { held });
}

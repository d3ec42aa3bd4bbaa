import { firstValueFrom, type Observable } from 'rxjs';
import { offloadHost } from '../../../lib/definition/offloaded-body.ts';
import type { StepContext } from '../../../lib/definition/step-context.ts';
import { RecordingContext } from '../../workers/support/step-context.ts';
import type { QueueStage } from './stage.ts';

/** One of the processes that have had a kept run, one after the other, or believe that they have it. */
export interface Holder {
  readonly runId: string;
  readonly life: string;
  readonly epoch: number;
}

/** Has a task done for a step of its run: what it came to, or the code of its error. */
export function doneFor(
  remote: ReturnType<QueueStage['coordinator']>['remote'],
  holder: Holder,
  ms: number,
): Promise<unknown> {
  const body = remote.task('wait', () => ms) as unknown as (
    inputs: object,
    ctx: StepContext,
  ) => Observable<number>;
  const nothing = (): void => undefined;
  const host = { ...holder, demand: {}, lifeStays: nothing, workBegan: nothing, workWaits: nothing };
  const context = Object.assign(new RecordingContext(), { [offloadHost]: host });
  return firstValueFrom(body({}, context)).catch(
    (error: unknown) => (error as { readonly code: string }).code,
  );
}

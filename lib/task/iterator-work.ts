import type { WorkSink } from './work-sink.ts';

/** Takes the values of an iterator one after another, as there is room for them. Never rejects. */
export async function followIterator(iterator: AsyncIterator<unknown>, sink: WorkSink): Promise<void> {
  let isReturning = false as boolean;
  sink.stopBy(() => {
    // Without a `return` there is only its next value to wait for.
    if (iterator.return === undefined) return;
    isReturning = true;
    void returned(iterator).then(() => {
      sink.stopped();
    });
  });
  try {
    while (!sink.isStopping) {
      const room = sink.room();
      if (room !== undefined) {
        await room;
        continue;
      }
      const result = await iterator.next();
      if (result.done === true) break;
      sink.pulled(result.value);
    }
    if (!isReturning) sink.ended();
  } catch (error) {
    if (!isReturning) sink.failed(error);
  }
}

async function returned(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The task was cancelled: nobody waits for its outcome any more.
  }
}

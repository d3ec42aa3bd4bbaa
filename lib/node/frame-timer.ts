import type { Clock } from '../base/clock.ts';

/** Calls `work` every so many ms. The returned function ends that. On the host's time it doesn't hold the process. */
export function every(ms: number, clock: Clock, work: () => void): () => void {
  if (clock.live) {
    const timer = setInterval(work, ms).unref();
    return () => {
      clearInterval(timer);
    };
  }
  let cancel = clock.after(ms, tick);
  return () => {
    cancel();
  };

  function tick(): void {
    // First, so that `work` may end it.
    cancel = clock.after(ms, tick);
    work();
  }
}

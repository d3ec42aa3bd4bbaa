import type { ObservableInput } from 'rxjs';
import type { WorkSink } from './work-sink.ts';

/** Subscribes to what a task has returned, unless it is to stop by then. Rejects where it can't be subscribed to. */
export async function followObservable(returned: ObservableInput<unknown>, sink: WorkSink): Promise<void> {
  // Here and not at the top: a thread in which no task returns an Observable has no need of all of RxJS.
  const { from, Subject, takeUntil } = await import('rxjs');
  if (sink.isStopping) {
    sink.stopped();
    return;
  }
  const stop$ = new Subject<void>();
  sink.stopBy(() => {
    stop$.next();
  });
  from(returned)
    .pipe(takeUntil(stop$))
    .subscribe({
      next: (value) => {
        sink.pushed(value);
      },
      error: (error: unknown) => {
        sink.failed(error);
      },
      complete: () => {
        if (!sink.isStopping) sink.ended();
      },
    });
  // Only now does the end of the subscription mean that the work has stopped: until here the source was still emitting.
  sink.stopBy(() => {
    stop$.next();
    sink.stopped();
  });
}

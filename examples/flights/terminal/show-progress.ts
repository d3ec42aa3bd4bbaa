import { createLogUpdate } from 'log-update';
import type { ProgressEvent } from 'millrace';
import {
  endWith,
  ignoreElements,
  interval,
  type Observable,
  scan,
  share,
  takeUntil,
  withLatestFrom,
} from 'rxjs';
import { frame, painter } from './frame.ts';
import { advance, unstarted } from './run-view.ts';
import { isAnimated, isColoured } from './stream-abilities.ts';

const framePeriod = 80;

/** `progress$` never errors; a fault in the display should be heard of all the same. */
const error = (fault: unknown): void => {
  console.error(fault);
};

/**
 * Shows a run on a stream while it goes on: a moving view on a terminal, a line a step anywhere else.
 *
 * Ends with the run, and leaves only the warnings of the moving view behind.
 */
export function showProgress(
  progress$: Observable<ProgressEvent>,
  title: string,
  stream: NodeJS.WriteStream,
): void {
  if (isAnimated(stream)) animate(progress$, title, stream);
  else printLines(progress$, title, stream);
}

function animate(progress$: Observable<ProgressEvent>, title: string, stream: NodeJS.WriteStream): void {
  const colour = isColoured(stream);
  const log = createLogUpdate(stream);
  const started = performance.now();
  const view$ = progress$.pipe(scan(advance, unstarted), share());
  const over$ = view$.pipe(ignoreElements(), endWith(undefined));
  let notes: readonly string[] = [];
  // Events may come by the thousand and then not for a second: frames follow a clock of their own.
  interval(framePeriod)
    .pipe(withLatestFrom(view$), takeUntil(over$))
    .subscribe({
      error,
      next: ([, view]) => {
        log(frame(view, { title, elapsedMs: performance.now() - started, colour }));
      },
      complete: () => {
        log.clear();
        log.done();
        for (const note of notes) stream.write(`${painter(colour)('yellow', note)}\n`);
      },
    });
  view$.subscribe({
    error,
    next: (view) => {
      notes = view.notes;
    },
  });
}

function printLines(progress$: Observable<ProgressEvent>, title: string, stream: NodeJS.WriteStream): void {
  let view = unstarted;
  const lineOf = (event: ProgressEvent): string | undefined => {
    const told = view.notes.length;
    view = advance(view, event);
    if (event.type !== 'step-completed') return view.notes[told];
    return `${event.stepId} (${String(view.completed)}/${String(view.steps)}, ${event.durationMs.toFixed(0)} ms)`;
  };
  progress$.subscribe({
    error,
    next: (event) => {
      const line = lineOf(event);
      if (line !== undefined) stream.write(`${title}: ${line}\n`);
    },
  });
}

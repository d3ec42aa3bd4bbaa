/**
 * What happens in all runs of the process, on the channels of Node's `diagnostics_channel`, for those who know of no run: loggers, tracers.
 *
 * 1. `millrace:run` tells of each run as it starts, before anything of it happens: who hears may subscribe to it as any user.
 * 2. `millrace:<type>` tells of each event of that type, in runs that start when one of these channels is heard.
 * 3. Where nobody hears, a run costs a look at each channel, and a step nothing.
 */
import type { Observable } from 'rxjs';
import { builtinModule } from '../base/host.ts';
import { reportError } from '../base/report-error.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';

interface DiagnosticsChannel {
  hasSubscribers(name: string): boolean;
  channel(name: string): { publish(message: object): void };
}

/** A run is about to start. */
export function announceRun(run: { readonly progress$: Observable<ProgressEvent> }): void {
  const host = builtinModule('node:diagnostics_channel') as DiagnosticsChannel | undefined;
  if (host === undefined) return;
  // A channel is made by whoever wants to hear: to look for it makes none.
  const publish = (name: string, message: object): void => {
    if (host.hasSubscribers(name)) host.channel(name).publish(message);
  };
  publish('millrace:run', { run });
  if (!channelsOfEvents.some((name) => host.hasSubscribers(name))) return;
  run.progress$.subscribe({
    next: (event) => {
      publish(`millrace:${event.type}`, { run, event });
    },
    error: reportError,
  });
}

const channelsOfEvents = Object.keys({
  'millrace:run-waiting': true,
  'millrace:run-started': true,
  'millrace:run-paused': true,
  'millrace:run-resumed': true,
  'millrace:limits-changed': true,
  'millrace:run-completed': true,
  'millrace:run-failed': true,
  'millrace:run-cancelled': true,
  'millrace:step-added': true,
  'millrace:step-started': true,
  'millrace:step-offloaded': true,
  'millrace:holds-changed': true,
  'millrace:step-progress': true,
  'millrace:step-retrying': true,
  'millrace:step-completed': true,
  'millrace:step-failed': true,
  'millrace:step-cancelled': true,
  'millrace:step-skipped': true,
  'millrace:log': true,
  'millrace:warning': true,
} satisfies Record<`millrace:${ProgressEvent['type']}`, true>);

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

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

interface DiagnosticsChannel {
  channel(name: string): Channel;
}

/** A channel an event, and that of runs; `null` where the host has none. */
interface Channels {
  readonly run: Channel;
  readonly events: Readonly<Record<ProgressEvent['type'], Channel>>;
  readonly all: readonly Channel[];
}

/** Found with the first run. */
let channels: Channels | null | undefined;

/** A run is about to start. */
export function announceRun(run: { readonly progress$: Observable<ProgressEvent> }): void {
  channels ??= findChannels();
  if (channels === null) return;
  const { run: ofRuns, events, all } = channels;
  if (ofRuns.hasSubscribers) ofRuns.publish({ run });
  for (const channel of all) {
    if (!channel.hasSubscribers) continue;
    run.progress$.subscribe({
      next: (event) => {
        const { [event.type]: ofType } = events;
        if (ofType.hasSubscribers) ofType.publish({ run, event });
      },
      error: reportError,
    });
    return;
  }
}

function findChannels(): Channels | null {
  const host = builtinModule('node:diagnostics_channel') as DiagnosticsChannel | undefined;
  if (host === undefined) return null;
  const events = Object.fromEntries(
    eventTypes.map((type) => [type, host.channel(`millrace:${type}`)]),
  ) as Channels['events'];
  return { run: host.channel('millrace:run'), events, all: Object.values(events) };
}

const eventTypes = Object.keys({
  'run-waiting': true,
  'run-started': true,
  'run-paused': true,
  'run-resumed': true,
  'limits-changed': true,
  'run-completed': true,
  'run-failed': true,
  'run-cancelled': true,
  'step-added': true,
  'step-started': true,
  'step-offloaded': true,
  'holds-changed': true,
  'step-progress': true,
  'step-retrying': true,
  'step-completed': true,
  'step-failed': true,
  'step-cancelled': true,
  'step-skipped': true,
  log: true,
  warning: true,
} satisfies Record<ProgressEvent['type'], true>);

import type { EventLog } from '../node/event-log.ts';
import { renderProgress } from '../node/render-progress.ts';
import { replay } from '../node/replay.ts';
import type { Terminal } from './terminal.ts';

/** Shows a run in the terminal as if it ran again. */
export async function replayRun(log: EventLog, speed: number, { err }: Terminal): Promise<void> {
  const yesterday = replay(log, { speed });
  const shown = renderProgress(yesterday, { stream: err });
  yesterday.play();
  await shown.done;
}

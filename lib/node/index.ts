export type { EventLog, LogProblem } from './event-log.ts';
export { EventLogError } from './event-log-error.ts';
export { readJsonLines } from './read-json-lines.ts';
export {
  type RenderedProgress,
  type RenderedRun,
  type RenderProgressOptions,
  renderProgress,
} from './render-progress.ts';
export { type Replay, type ReplayedLog, type ReplayOptions, replay } from './replay.ts';
export type { ProgressStream } from './stream-abilities.ts';
export { type EventLogWriter, type LoggedRun, writeJsonLines } from './write-json-lines.ts';

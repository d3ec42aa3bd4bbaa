/**
 * Runs in the terminal and in files, for Node.
 *
 * @module millrace/node
 */
export type { EventLog, LogProblem } from './event-log.ts';
export { EventLogError } from './event-log-error.ts';
export type { RenderedProgress, RenderedRun } from './progress-display.ts';
export { readJsonLines } from './read-json-lines.ts';
export { type RenderProgressOptions, renderProgress } from './render-progress.ts';
export { type Replay, type ReplayedLog, type ReplayOptions, replay } from './replay.ts';
export type { ProgressStream } from './stream-abilities.ts';
export { type EventLogWriter, type LoggedRun, writeJsonLines } from './write-json-lines.ts';

export type { EventLog, LogProblem } from './event-log.ts';
export { EventLogError } from './event-log-error.ts';
export { readJsonLines } from './read-json-lines.ts';
export { type Replay, type ReplayedLog, type ReplayOptions, replay } from './replay.ts';
export { type EventLogWriter, type LoggedRun, writeJsonLines } from './write-json-lines.ts';

import type { Origin, SkipReason } from '../observe/progress-event.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { Waited } from '../observe/wait-reason.ts';
import type { PicturedStep } from './pictured-workflow.ts';

/** Where a step stands, and what it has been through. */
export interface StepStory {
  readonly info: PicturedStep;
  /** The step that it came of, while the run was under way. */
  readonly parentId: string | undefined;
  status: StepStatus;
  /** When the last dependency had settled; `undefined` where one hasn't. */
  readyAt: number | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  attempts: number;
  fraction: number | undefined;
  message: string | undefined;
  error: unknown;
  /** How long its first attempt had to wait since all that it needs was there, and for what. */
  waited: Waited | undefined;
  /** When its last attempt started, and when a thread took that on. */
  lastStart: number | undefined;
  offloadedAt: number | undefined;
  /** When it is tried again, while it backs off. */
  retryAt: number | undefined;
  /** Where its output comes from, where no attempt has made it. */
  origin: Origin | undefined;
  /** Of one that was skipped: why. */
  skipped: { readonly reason: SkipReason; readonly because: string } | undefined;
}

/** That of a step of which no event has told anything. */
export function newStory(info: PicturedStep, parentId?: string): StepStory {
  return {
    info,
    parentId,
    status: 'waiting',
    readyAt: undefined,
    startedAt: undefined,
    endedAt: undefined,
    attempts: 0,
    fraction: undefined,
    message: undefined,
    error: undefined,
    waited: undefined,
    lastStart: undefined,
    offloadedAt: undefined,
    retryAt: undefined,
    origin: undefined,
    skipped: undefined,
  };
}

import type { Demand } from '../admission/demand.ts';
import type { Parts } from './parts.ts';
import type { Timetable } from './rehearsal.ts';

/** When a step runs, in ms from the start of the run. */
export interface ScheduledStep {
  /** The step. */
  readonly id: string;
  /** When it starts. */
  readonly start: number;
  /** When it ends. */
  readonly end: number;
  /** What it takes of each resource class from start to end. */
  readonly resources: Demand;
}

/** What ran, by start. What has brought other steps takes nothing itself, but time. */
export function scheduleOf({ ids, settings, inners }: Parts, { starts, ends }: Timetable): ScheduledStep[] {
  const inOrder = Uint32Array.from(starts.keys())
    .filter((part) => !Number.isNaN(starts[part]))
    .sort((left, right) => (starts[left] as number) - (starts[right] as number) || left - right);
  return Array.from(inOrder, (part) => ({
    id: ids[part] ?? '',
    start: starts[part] as number,
    end: ends[part] as number,
    resources: inners.has(part) ? nothing : (settings[part]?.demand ?? nothing),
  }));
}

const nothing = Object.freeze({});

import { invariant } from '../base/invariant.ts';
import type { FanOutPlan } from '../definition/hosted.ts';
import type { StepBody, StepDefinition } from '../definition/step.ts';
import type { StepSettings } from '../definition/step-options.ts';
import type { Attempt } from './attempt.ts';
import type { Candidate } from './candidate.ts';

/** One child, from its item to its end. */
export class FanOutChild implements StepDefinition {
  readonly id: string;
  body: StepBody;
  readonly inputNames: readonly string[] = [];
  readonly settings: StepSettings;
  readonly key: string;
  readonly place: number;
  readonly item: unknown;
  candidate: Candidate;
  attempts = 0;
  startedAt = Number.NaN;
  isReady = false;
  /** What admission knew it as when it was given up. */
  abandonedAs: Candidate | undefined;

  constructor(hostId: string, plan: FanOutPlan, key: string, item: unknown, candidate: Candidate) {
    this.id = `${hostId}[${key}]`;
    this.body = plan.body;
    this.settings = plan.settings;
    this.key = key;
    this.place = candidate.index;
    this.item = item;
    this.candidate = candidate;
  }
}

/** The child whose attempt it is. */
export function childOf({ definition }: Attempt): FanOutChild {
  invariant(definition instanceof FanOutChild, 'an attempt of a fan-out is that of a child');
  return definition;
}

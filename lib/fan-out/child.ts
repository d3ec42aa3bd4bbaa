import type { StepBody, StepDefinition } from '../definition/step.ts';
import type { StepSettings } from '../definition/step-options.ts';

/** One child of a fan-out, from its item to its end. */
export class Child implements StepDefinition {
  /** Its key: its path is that of the fan-out, and this. */
  readonly id: string;
  body: StepBody;
  readonly inputNames: readonly string[] = [];
  readonly settings: StepSettings;
  readonly key: string;
  readonly place: number;
  readonly item: unknown;
  /** Whether it waits for admission, and whether steps of its own do its work. */
  isReady = false;
  isHosting = false;

  constructor(body: StepBody, settings: StepSettings, key: string, place: number, item: unknown) {
    this.id = key;
    this.body = body;
    this.settings = settings;
    this.key = key;
    this.place = place;
    this.item = item;
  }
}

import { type Step, step } from 'millrace';
import type { VirtualTime } from 'millrace/testing';
import { map, NEVER, type Observable } from 'rxjs';
import { broken } from './broken.ts';

export const no = { when: () => false };
export const bad = step('bad', broken);
export const never = step('never', () => NEVER as Observable<number>);
export const skipped = step('skipped', () => 1, no);

/** A step that takes so long. */
export const takes = (time: VirtualTime, id: string, ms: number): Step<string, never> =>
  step(id, () => time.after(ms, id));
/** A step that takes so long, and fails. */
export const failsAfter = (time: VirtualTime, id: string, ms: number): Step<string, never> =>
  step(id, () => time.after(ms, id).pipe(map(broken)));

import type { Overflow } from '../base/overflow.ts';

/** How a call's values are sent one by one: how many at most before some were read, and what is done beyond. */
export type StreamTerms = readonly [capacity: number, overflow: Overflow | undefined];

/**
 * What a waiting demand lacked when it was looked at last, in one number, since each look notes it:
 *
 *     place × 3 + how     the class at that place: too little of it is free, too much of it has started of late, or it is paused
 *     below zero          something else, or nothing
 */
export type Lack = number;

/** It fits. */
export const lacksNothing: Lack = -1;
/** Limits that are shared with others don't allow it. */
export const lacksShared: Lack = -2;
/** Others have to go first: one that has waited too long, or one before it in a plan. */
export const lacksTurn: Lack = -3;

/** How a class is lacking. */
export type HowLacking = 'resource' | 'rate' | 'pause';

const hows = ['resource', 'rate', 'pause'] as const;

/** That a class is lacking. */
export function lackOf(place: number, how: HowLacking): Lack {
  return place * 3 + hows.indexOf(how);
}

/** Which class is lacking, and how; only of one from zero on. */
export function lackedClass(lack: Lack): { readonly place: number; readonly how: HowLacking } {
  return { place: Math.floor(lack / 3), how: hows[lack % 3] as HowLacking };
}

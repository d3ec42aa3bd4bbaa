export { mergeMapWithin } from './merge-map-within.ts';
export type { Budget } from '../lib/admission/budget.ts';

/**
 * Schedules before, and instead of, runs: simulate, compare limits, plan.
 *
 * @module millrace/simulate
 */
export { type Plan, PlanMismatchError } from '../run/plan.ts';
export type { AnyWorkflow } from './any-workflow.ts';
export type { Distribution } from './distribution.ts';
export type { Durations } from './durations.ts';
export type { FateOptions } from './fate.ts';
export type { LowerBounds } from './lower-bounds.ts';
export type { Percentiles } from './percentiles.ts';
export { type PlanOptions, plan } from './plan.ts';
export type { ScheduledStep } from './scheduled-step.ts';
export { type ResourceLoad, type SimulationReport, simulate } from './simulate.ts';
export type { Conditions, SimulationOptions, Simultaneous } from './simulation-options.ts';
export { type Variant, whatIf } from './what-if.ts';

/**
 * Steps, inputs, workflows, runs, resource classes, cancellation and their errors. Runs wherever JavaScript does.
 *
 * @module millrace
 */
export {
  type Demand,
  memory,
  type Resource,
  type ResourceClass,
  type ResourceEntry,
  type WeightedDemand,
} from './admission/demand.ts';
export type { Limits, RatedLimit } from './admission/limits.ts';
export { ResourceLimitError } from './admission/resource-limit-error.ts';
export { AroundError } from './attempt/around-error.ts';
export { StepTimeoutError } from './attempt/step-timeout-error.ts';
export type { Bytes } from './base/bytes.ts';
export { CancellationToken } from './base/cancellation.ts';
export type { Duration } from './base/durations.ts';
export { EmptyStepError } from './base/empty-step-error.ts';
export { CancelledError, InvalidOptionsError, MillraceError, type OptionProblem } from './base/errors.ts';
export type { Overflow } from './base/overflow.ts';
export type { Retry, RetryOptions } from './base/retry-policy.ts';
export type { StepList } from './base/step-list.ts';
export {
  type Branch,
  type BranchNeeds,
  type BranchOutput,
  choose,
  fallback,
  firstOf,
  type JoinOptions,
  optional,
} from './branching.ts';
export { MissingOverflowError, type StreamEnds, StreamOverflowError } from './channel/stream-errors.ts';
export type { Around, AroundAttempt } from './definition/around.ts';
export type { Definition } from './definition/blueprint-of-definitions.ts';
export type { CacheOptions, Version } from './definition/cache-option.ts';
export type { OptionalStep, StreamOf } from './definition/edge-handle.ts';
export type {
  ChildCacheOptions,
  ChildResult,
  ForEachOptions,
  ForEachReduceOptions,
} from './definition/for-each-options.ts';
export type {
  Dependencies,
  Handle,
  Input,
  InputsOf,
  Need,
  NeedsOf,
  OutputsOf,
  Step,
} from './definition/handle.ts';
export type { Hostable } from './definition/hosted.ts';
export { input } from './definition/input.ts';
export type { LiveStream } from './definition/live-stream.ts';
export type { Output } from './definition/output.ts';
export { type Schema, type SchemaIssue, type SchemaResult, type } from './definition/schema.ts';
export { step } from './definition/step.ts';
export type { ProgressAmount, StepContext } from './definition/step-context.ts';
export type { ChildrenInfo, SpecialNeed, StepInfo, StepKind } from './definition/step-info.ts';
export type { RunOutcome, StepOptions } from './definition/step-options.ts';
export type { WorkflowInfo } from './definition/workflow-info.ts';
export { NoneSucceededError, StepSkippedError, UnknownBranchError } from './engine/branching-errors.ts';
export { EngineFaultError } from './engine/engine-fault-error.ts';
export { RecursionLimitError } from './engine/recursion-limit-error.ts';
export { ChildrenFailedError, DuplicateKeyError } from './fan-out/fan-out-errors.ts';
export {
  type ForEachBody,
  type ForEachContext,
  type ForEachDependencies,
  type ForEachInputs,
  type ForEachNeeds,
  forEachStep,
  type HasItems,
  type ItemOf,
  type ItemSource,
  type Items,
  type SharedOf,
} from './for-each-step.ts';
export type { CriticalPath, Weights } from './graph/critical-path.ts';
export type { Graph } from './graph/graph.ts';
export { InvalidWorkflowError, type WorkflowFault } from './graph/invalid-workflow-error.ts';
export type { ChildCounts } from './observe/child-counts.ts';
export type { CriticalStep } from './observe/critical-steps.ts';
export {
  OutputReleasedError,
  RunFailure,
  type RunRemains,
  StepCancelledError,
  StepFailedError,
  WorkflowFailedError,
  WorkflowTimeoutError,
} from './observe/failures.ts';
export type { RunHistory, StepHistory } from './observe/history.ts';
export type { ResourceMetrics, RunMetrics, StepMetrics } from './observe/metrics.ts';
export type {
  HoldsChanged,
  LimitsChanged,
  Origin,
  ProgressEvent,
  RunCancelled,
  RunCompleted,
  RunFailed,
  RunPaused,
  RunResumed,
  RunStarted,
  RunWaiting,
  SkipReason,
  StepAdded,
  StepCancelled,
  StepCompleted,
  StepFailed,
  StepLogged,
  StepOffloaded,
  StepProgressed,
  StepRetrying,
  StepSkipped,
  StepStarted,
  Warned,
} from './observe/progress-event.ts';
export type { RunSnapshot, StepSnapshot } from './observe/run-snapshot.ts';
export type { RunStatus } from './observe/run-view.ts';
export type { StepStatus } from './observe/step-status.ts';
export { type Waited, type WaitReason, type Waits, waitText } from './observe/wait-reason.ts';
export type { EventsOptions } from './run/event-reader.ts';
export type { LimitInForce, LimitsInForce } from './run/limits-in-force.ts';
export { OverloadedError } from './run/overloaded-error.ts';
export { type Plan, PlanMismatchError } from './run/plan.ts';
export type { CancelOptions, Run } from './run/run.ts';
export type { RunOptions, RunSettingsOptions, WorkflowOptions } from './run/run-options.ts';
export type { RunStore } from './run/run-store.ts';
export {
  type SharedLimits,
  type SharedLimitsOptions,
  type SharedLimitsRecord,
  sharedLimits,
} from './run/shared-limits.ts';
export type { SharedClassUsage, SharedUsage } from './run/shared-usage.ts';
export { type StreamTermsOptions, stream } from './stream.ts';
export {
  type HandlesIn,
  type InputHandles,
  type SubflowArguments,
  type SubflowOptions,
  subflow,
} from './subflow.ts';
export {
  type DefineWorkflowOptions,
  defineWorkflow,
  type RunArguments,
  type Workflow,
  workflow,
} from './workflow.ts';

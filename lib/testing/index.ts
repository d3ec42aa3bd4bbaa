/**
 * Virtual time, laws, pictures and arbitraries for tests of workflows.
 *
 * @module millrace/testing
 */
export { cancelAt, type DrawnResources, durations, failures, resources } from './arbitrary-script.ts';
export { checkStore, type StoreCheckOptions } from './check-store.ts';
export { type Composition, type CompositionConstraints, composition } from './composition.ts';
export { type DagConstraints, type DagStep, dag, type Shape } from './dag.ts';
export { expectLawful, type LawfulArguments, type LawfulOptions } from './expect-lawful.ts';
export { type Law, law } from './law.ts';
export { LawBrokenError, type Violation } from './law-broken-error.ts';
export { checkLaws, laws } from './laws.ts';
export {
  cleanUpsInReverse,
  dependenciesFirst,
  eventsInOrder,
  exactlyOnce,
  nothingAfterTheEnd,
  oneEndAStep,
  partsBeforeTheWhole,
  streamsTogether,
} from './laws-of-order.ts';
export {
  boundedOvertaking,
  heldIsRunning,
  limitsNeverExceeded,
  workConserving,
} from './laws-of-resources.ts';
export type { Failing, FanOut, ItemsForm, Leaf, LeafForm, Nested, Part, Trying } from './part.ts';
export {
  drawRun,
  type ExpectedRun,
  expectRun,
  type PictureDifference,
  PictureMismatchError,
  type PictureOptions,
} from './picture.ts';
export type {
  QuietMoment,
  RecordedCompletion,
  RecordedFailure,
  RecordedStep,
  Recording,
  TracedCall,
  TracedCleanUp,
  TracedEvent,
  TraceEntry,
} from './recording.ts';
export { Scenario, type ScenarioConstraints, scenario } from './scenario.ts';
export type { Script } from './script.ts';
export { StandstillError } from './standstill-error.ts';
export { StoreLawBrokenError } from './store-law-broken-error.ts';
export { VirtualTime } from './virtual-clock.ts';
export {
  runInVirtualTime,
  type VirtualRunOptions,
  type VirtualTimeArguments,
  type VirtualTimeOptions,
} from './virtual-time.ts';

export { type Composition, type CompositionConstraints, composition } from './composition.ts';
export { type DagConstraints, type DagStep, dag, type Shape } from './dag.ts';
export { expectLawful, type LawfulArguments, type LawfulOptions } from './expect-lawful.ts';
export { LawBrokenError, type Violation } from './law-broken-error.ts';
export {
  boundedOvertaking,
  checkLaws,
  cleanUpsInReverse,
  dependenciesFirst,
  eventsInOrder,
  exactlyOnce,
  heldIsRunning,
  type Law,
  law,
  laws,
  limitsNeverExceeded,
  nothingAfterTheEnd,
  oneEndAStep,
  partsBeforeTheWhole,
  streamsTogether,
  workConserving,
} from './laws.ts';
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
  TracedHandover,
  TraceEntry,
} from './recording.ts';
export {
  cancelAt,
  type DrawnResources,
  durations,
  failures,
  resources,
  Scenario,
  type ScenarioConstraints,
  scenario,
} from './scenario.ts';
export type { Script } from './script.ts';
export { StandstillError } from './standstill-error.ts';
export { VirtualTime } from './virtual-clock.ts';
export {
  runInVirtualTime,
  type VirtualRunOptions,
  type VirtualTimeArguments,
  type VirtualTimeOptions,
} from './virtual-time.ts';

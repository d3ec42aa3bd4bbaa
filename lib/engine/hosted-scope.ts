import type { BroughtScope } from '../definition/hosted.ts';
import type { Counts } from '../observe/child-counts.ts';
import type { Scope, ScopeRun, StepAttempt } from './scope.ts';

/** Work that brings a scope of its own kind. Below the engine nobody knows what that is. */
export interface HostedScope extends BroughtScope {
  /** @throws InvalidOptionsError, ResourceLimitError where there can be no such steps */
  open(run: ScopeRun, parent: StepAttempt, counts: Counts): Scope;
}

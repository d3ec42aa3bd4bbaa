/** What becomes of what a task's work gives: it ends by one of `ended`, `failed` and `stopped`; more is ignored. */
export interface WorkSink {
  /** Whether the task was told to stop; what its work gives from then on is not heard. */
  readonly isStopping: boolean;
  /** Hears how to stop the work, and does so at once where it is late. */
  stopBy(stop: () => void): void;
  /** Ends when there is room for a value, or none is wanted any more; `undefined` where that is now. */
  room(): Promise<void> | undefined;
  /** Takes a value for which there is room. May find that the task should stop. */
  pulled(value: unknown): void;
  /** Takes a value of a source that can't be held back. May find that the task should stop. */
  pushed(value: unknown): void;
  /** The work has given all it had. */
  ended(): void;
  /** The work has failed. */
  failed(error: unknown): void;
  /** The work was stopped, and nothing of it runs any more. */
  stopped(): void;
}

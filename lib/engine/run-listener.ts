/** What the engine tells those who follow a run's own steps. */
export interface RunListener {
  /** A step has another status or fraction. */
  changed(step: number): void;
  /** A step is settled; its output, if any, is there. */
  settled(step: number): void;
  /** What is true of the run as a whole has changed, other than by a step. */
  runChanged?(): void;
}

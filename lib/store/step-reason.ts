/** One reason why a step ran, or did not. */
export interface StepReason {
  /**
   * - `no-cache`: the step has none, so that every new run runs it
   * - `first`: no earlier run in the store has looked for a result of it
   * - `differs`: something that its result is found by isn't what it was; `ingredient` says what
   * - `not-there`: nothing differs, and there is no result: too old, removed, or the earlier run never had one
   * - `same`: nothing differs, so that the result of an earlier run was taken
   * - `kept`: it had completed when the run stopped, and its output was kept
   * - `given`: its output was given to the run
   * - `not-kept`, `stopped`, `not-reached`, `failed`, `undone`, `closed`: it is done again, or for the first time, for what the run had come
   *   to when it stopped
   * - `changed`: the step, or the version of the workflow, isn't what it was
   * - `upstream`: a step that it needs was done again; `ingredient` says which
   * - `asked`: the run was told to do it again
   * - `status`: it hasn't come to an output, for the reason that is told
   */
  readonly kind:
    | 'no-cache'
    | 'first'
    | 'differs'
    | 'not-there'
    | 'same'
    | 'kept'
    | 'given'
    | 'not-kept'
    | 'stopped'
    | 'not-reached'
    | 'failed'
    | 'undone'
    | 'closed'
    | 'changed'
    | 'upstream'
    | 'asked'
    | 'status';
  /** The reason in words. */
  readonly message: string;
  /** What differs, as in `input table`, `file src/a.ts`, `env NODE_ENV`, `version`; or the step upstream. Absent otherwise. */
  readonly ingredient?: string | undefined;
  /** How it differs; absent where nothing does. */
  readonly change?: 'different' | 'new' | 'gone' | undefined;
}

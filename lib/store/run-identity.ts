/** What is known of a run before it is taken: the digests of what it gets. */
export interface RunIdentity {
  readonly inputs: Readonly<Record<string, string>>;
  /** By path; `null` where an output has none. */
  readonly given: Readonly<Record<string, string | null>>;
}

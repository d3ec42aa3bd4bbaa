/** How a step needs another: what must become of that one before it starts. */
export const edge = {
  /** It has completed. */
  data: 0,
  /** It is settled, in whatever way. */
  optional: 1,
  /** It is one of those of which one has to complete. */
  candidate: 2,
  /** It is started only once it is chosen. */
  lazy: 3,
  /** It runs at the same time. */
  stream: 4,
} as const;

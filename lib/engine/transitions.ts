/**
 * Where a row stands, and what may become of it.
 *
 *     waiting ─▶ ready ─▶ running ─▶ hosting        completed
 *        │         ▲         │  ╲      │       ─▶   failed
 *        │      retrying ◀───┤   ▶ stopping         cancelled
 *        └───────────────────┴─────────────────▶    skipped
 *
 * A step that has been told to stop is `stopping` until its body has; one whose work is done by steps of its own is `hosting`. Where the
 * run is kept, a step may be `looking` for what it came to before, on its way to ready, and is `keeping` what it has come to, on its way
 * to completed.
 */
export const status = {
  waiting: 0,
  ready: 1,
  running: 2,
  hosting: 3,
  stopping: 4,
  retrying: 5,
  looking: 6,
  keeping: 7,
  completed: 8,
  failed: 9,
  cancelled: 10,
  skipped: 11,
} as const;

/** The names, by number. */
export const statusNames = Object.keys(status);

/** From here on a row is settled. */
export const firstSettled: number = status.completed;

const { ready, running, hosting, stopping, retrying, looking, keeping } = status;
const { completed, failed, cancelled, skipped } = status;

/** What a row may go to, a bit each, by where it stands. */
export const followers: readonly number[] = [
  bits(ready, looking, completed, failed, cancelled, skipped),
  bits(running, completed, failed, cancelled, skipped),
  bits(hosting, stopping, retrying, keeping, completed, failed, cancelled),
  bits(stopping, retrying, keeping, completed, failed, cancelled),
  bits(retrying, failed, cancelled),
  bits(ready, failed, cancelled),
  bits(ready, keeping, failed, cancelled),
  bits(completed),
  0,
  0,
  0,
  0,
];

function bits(...statuses: readonly number[]): number {
  return statuses.reduce((set, each) => set | (1 << each), 0);
}

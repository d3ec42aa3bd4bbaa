/** The words of the memory that the main side and a thread share. */
export const controlWord = {
  /** The uid of the task that should stop; written by the main side. */
  cancelled: 0,
  /** The uid of the last task that was started, or {@link unreadable}; written by the thread. */
  started: 1,
  /** The first of the tickets, which take the rest: 0, the uid if the thread has begun it, -uid if it must not. */
  tickets: 2,
} as const;

/** What a thread writes that couldn't read a message. */
export const unreadable = -1;

/** The size of the shared memory: one cache line. */
export const controlBytes = 64;

/** How many tickets there are. */
export const ticketCount = controlBytes / Int32Array.BYTES_PER_ELEMENT - controlWord.tickets;

/** Which word is a call's ticket; it is used again by later calls. */
export function ticketOf(uid: number): number {
  return controlWord.tickets + (uid % ticketCount);
}

/** Whether both sides see the same words. Where a browser has no SharedArrayBuffer, each has its own. */
export function isShared(control: Int32Array): boolean {
  return !(control.buffer instanceof ArrayBuffer);
}

/** Takes a call's ticket for the thread; where the main side was first, gives it free for a later call. */
export function mayBegin(control: Int32Array, uid: number): boolean {
  // The main side can take nothing back, and so sends no call ahead.
  if (!isShared(control)) return true;
  const ticket = ticketOf(uid);
  if (Atomics.compareExchange(control, ticket, 0, uid) === 0) return true;
  Atomics.store(control, ticket, 0);
  return false;
}

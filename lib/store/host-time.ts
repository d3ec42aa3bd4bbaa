/** The host's own time for heartbeats, which are signs of life to other processes: whatever a test fakes, they go on. */

const machineNs = process.hrtime.bigint.bind(process.hrtime);
// eslint-disable-next-line no-restricted-properties -- what other machines see, and what files are dated by
const hostDate = Date.now.bind(Date);
const startInterval = setInterval;
const stopInterval = clearInterval;
const startTimer = setTimeout;

/** Milliseconds since some moment that is the same for all processes of the machine, until it is started anew. */
export function machineMs(): number {
  return Number(machineNs() / 1_000_000n);
}

/** Milliseconds of epoch time, as the machine's clock has it. */
export function wallMs(): number {
  return hostDate();
}

/** Calls `work` every so many ms, without keeping the process alive for it. The returned function ends that. */
export function every(ms: number, work: () => void): () => void {
  const timer = startInterval(work, ms).unref();
  return () => {
    stopInterval(timer);
  };
}

/** Settles after so many ms; keeps the process alive meanwhile. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(resolve, ms);
  });
}

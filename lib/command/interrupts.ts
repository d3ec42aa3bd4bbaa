/** How a process ends that a signal has ended, by convention. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens to what asks the process to end. */
export interface Interrupts {
  /** What the process should end with, once it was asked to; `undefined` before. */
  readonly code: number | undefined;
  leave(): void;
}

/** The first signal calls `stop`, which may take its time; the second ends the process at once. */
export function onInterrupt(stop: (reason: string) => void): Interrupts {
  let code: number | undefined;
  const heard = (signal: keyof typeof signalCodes): void => {
    if (code !== undefined) process.exit(signalCodes[signal]);
    code = signalCodes[signal];
    stop(signal === 'SIGINT' ? 'interrupted with Ctrl-C' : 'told to end');
  };
  const signals = Object.keys(signalCodes) as (keyof typeof signalCodes)[];
  for (const signal of signals) process.on(signal, heard);
  return {
    get code() {
      return code;
    },
    leave() {
      for (const signal of signals) process.off(signal, heard);
    },
  };
}

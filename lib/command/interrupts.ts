interface Meaning {
  /** How a process ends that the signal has ended, by convention. */
  readonly code: number;
  readonly reason: string;
}

const ctrlC: readonly [NodeJS.Signals, Meaning] = [
  'SIGINT',
  { code: 130, reason: 'interrupted with Ctrl-C' },
];

/**
 * What asks a process to end. Windows has no SIGTERM; there Ctrl-Break and the console's being closed, after which it leaves a process some
 * seconds, come as signals. Elsewhere a terminal that is closed ends the process at once, so that `nohup` can keep it from that.
 */
const meanings = {
  windows: [
    ctrlC,
    ['SIGBREAK', { code: 149, reason: 'interrupted with Ctrl-Break' }],
    ['SIGHUP', { code: 129, reason: 'told to end, as its console was closed' }],
  ],
  others: [ctrlC, ['SIGTERM', { code: 143, reason: 'told to end' }]],
} satisfies Record<string, readonly (readonly [NodeJS.Signals, Meaning])[]>;

/** Listens to what asks the process to end. */
export interface Interrupts {
  /** What the process should end with, once it was asked to; `undefined` before. */
  readonly code: number | undefined;
  leave(): void;
}

/** The first signal calls `stop`, which may take its time; the second ends the process at once. */
export function onInterrupt(stop: (reason: string) => void, platform = process.platform): Interrupts {
  let code: number | undefined;
  const listeners = meanings[platform === 'win32' ? 'windows' : 'others'].map(([signal, meaning]) => {
    const heard = (): void => {
      if (code !== undefined) process.exit(meaning.code);
      code = meaning.code;
      stop(meaning.reason);
    };
    process.on(signal, heard);
    return () => process.off(signal, heard);
  });
  return {
    get code() {
      return code;
    },
    leave() {
      for (const leave of listeners) leave();
    },
  };
}

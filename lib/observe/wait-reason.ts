/** What a step waits for, or has waited for. */
export type WaitReason =
  | {
      /** A step that it needs isn't over; or streams connect the two, so that they start together. */
      readonly kind: 'step';
      /** Which step. */
      readonly stepId: string;
    }
  | {
      /** All of a class is taken; or so much of it has started of late that by its rate no more may. */
      readonly kind: 'resource' | 'rate';
      /** Which class. */
      readonly resource: string;
      /** What the shared limits are called, where other runs have a part in that. */
      readonly shared?: string;
    }
  | {
      /** It is held back. */
      readonly kind: 'pause';
      /** The class that is paused; absent where everything is. */
      readonly resource?: string;
      /** What the shared limits are called, where they are paused. */
      readonly shared?: string;
    }
  | {
      /** It has failed, and is tried again. */
      readonly kind: 'back-off';
      /** When, in ms of the run's clock. */
      readonly until: number;
    }
  | {
      /**
       * - `choice`: nothing that was chosen needs it yet
       * - `turn`: what it demands is there, but is for another that has waited too long, or comes before it in a plan
       * - `cache`: whether its result is known already
       * - `worker`: it has all that it demands, and a thread or another machine has to take it on
       * - `thread`: it could have started, but the thread in which the run is was busy with a step's function
       */
      readonly kind: 'choice' | 'turn' | 'cache' | 'worker' | 'thread';
    };

/** How long an attempt has waited since all that it needs was there, and what it lacked last. */
export interface Waited {
  /** In ms; at least 1, since less isn't told. */
  readonly ms: number;
  /** What it lacked last before it could start. */
  readonly for: WaitReason;
}

/** Steps that are ready and wait for one thing. */
export interface Waits {
  /** What for. */
  readonly for: WaitReason;
  /** How many. */
  readonly count: number;
  /** The id of the one that is to go first. */
  readonly first: string;
}

/** The least wait that is told, in ms. */
export const leastWaitMs = 1;

/** Says it in words that follow "waits for": as in `heavy-cpu`, `the rate of db`. */
export function waitText(reason: WaitReason): string {
  switch (reason.kind) {
    case 'step':
      return reason.stepId;
    case 'resource':
      return `${reason.resource}${within(reason.shared)}`;
    case 'rate':
      return `the rate of ${reason.resource}${within(reason.shared)}`;
    case 'pause':
      return `the end of the pause${reason.resource === undefined ? '' : ` of ${reason.resource}`}${within(reason.shared)}`;
    case 'back-off':
      return 'its next attempt';
    default:
      return words[reason.kind];
  }
}

function within(shared: string | undefined): string {
  return shared === undefined ? '' : ` (${shared})`;
}

const words = {
  choice: 'being chosen',
  turn: 'its turn',
  cache: 'the cache',
  worker: 'a worker',
  thread: 'the event loop',
} as const;

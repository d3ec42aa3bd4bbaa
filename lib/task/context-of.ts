import type { CancellationToken } from '../base/cancellation.ts';
import type { TaskContext } from './task-context.ts';
import type { TaskVoice } from './task-voice.ts';

type Told = Pick<TaskContext, 'taskName' | 'stepId' | 'attempt' | 'carrier'>;

/**
 * The context of a task that speaks with a voice. Its token is made when it is first asked for.
 *
 * A class, as an object whose getters are written beside its values takes more than a microsecond to make.
 */
class VoicedContext implements TaskContext {
  readonly taskName: string;
  readonly stepId: string | undefined;
  readonly attempt: number;
  readonly carrier: TaskContext['carrier'];
  readonly progress: TaskContext['progress'];
  readonly log: TaskContext['log'];
  readonly #token: () => CancellationToken;

  constructor(
    { taskName, stepId, attempt, carrier }: Told,
    voice: TaskVoice,
    token: () => CancellationToken,
  ) {
    this.taskName = taskName;
    this.stepId = stepId;
    this.attempt = attempt;
    this.carrier = carrier;
    this.#token = token;
    this.progress = (amount, message) => {
      voice.progress(amount, message);
    };
    this.log = (message, data) => {
      voice.log(message, data);
    };
  }

  get token(): CancellationToken {
    return this.#token();
  }

  get signal(): AbortSignal {
    return this.#token().signal;
  }
}

/** Makes the context of a task. */
export function contextOf(task: Told, voice: TaskVoice, token: () => CancellationToken): TaskContext {
  return new VoicedContext(task, voice, token);
}

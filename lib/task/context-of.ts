import type { CancellationToken } from '../base/cancellation.ts';
import type { TaskContext } from './task-context.ts';
import type { TaskVoice } from './task-voice.ts';

/** The context of a task that speaks with a voice. Its token is made when it is first asked for. */
export function contextOf(
  task: Pick<TaskContext, 'taskName' | 'stepId' | 'attempt' | 'carrier'>,
  voice: TaskVoice,
  token: () => CancellationToken,
): TaskContext {
  return {
    ...task,
    get token() {
      return token();
    },
    get signal() {
      return token().signal;
    },
    progress: (amount, message) => {
      voice.progress(amount, message);
    },
    log: (message, data) => {
      voice.log(message, data);
    },
  };
}

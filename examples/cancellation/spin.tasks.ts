import { exposeTasks, type TaskContext } from 'millrace/worker';

export const tasks = exposeTasks({
  /** Looks at its token, and so stops when it should. */
  polite: (_: unknown, { token }: TaskContext): never => {
    for (;;) token.throwIfCancelled();
  },
  /** Looks at nothing: only the end of its thread stops it. */
  stubborn: (): never => {
    for (;;);
  },
});

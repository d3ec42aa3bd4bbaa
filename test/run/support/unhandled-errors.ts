import { config } from 'rxjs';
import { onTestFinished } from 'vitest';
import { settlePromises } from './settle-promises.ts';

/** Collects what is reported to RxJS's `config.onUnhandledError` for the rest of the test. */
export function unhandledErrors(): { readonly errors: unknown[]; settle(): Promise<void> } {
  const before = config.onUnhandledError;
  const errors: unknown[] = [];
  config.onUnhandledError = (error) => errors.push(error);
  onTestFinished(() => {
    config.onUnhandledError = before;
  });
  return {
    errors,
    // RxJS reports from a timer of its own.
    settle: async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 0);
      });
      await settlePromises();
    },
  };
}

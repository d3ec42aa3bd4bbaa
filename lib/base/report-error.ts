import { macrotask } from './host.ts';
import { config } from './rxjs-parts.ts';

/** Reports an error that has no one to go to, as RxJS does: to `config.onUnhandledError`, else uncaught. */
export function reportError(error: unknown): void {
  macrotask(() => {
    if (config.onUnhandledError === null) throw error;
    config.onUnhandledError(error);
  });
}

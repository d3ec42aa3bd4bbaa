import { onTestFinished } from 'vitest';

/** Collects what Node warns of on stderr, for the rest of the test. */
export function processWarnings(): { settled(): Promise<readonly string[]> } {
  const names: string[] = [];
  const listener = (warning: Error): void => {
    names.push(warning.name);
  };
  process.on('warning', listener);
  onTestFinished(() => {
    process.off('warning', listener);
  });
  return {
    // Node warns in a turn of its own.
    settled: async () => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      return names;
    },
  };
}

import { codeOf } from './file-io.ts';
import { pause } from './host-time.ts';

/** What Windows answers while somebody, such as a virus scanner, has the file open. */
const busy = new Set<string | undefined>(['EPERM', 'EACCES', 'EBUSY']);
const firstPauseMs = 10;
const longestPauseMs = 1_000;

/**
 * Renames or removes a file, and tries again, for some 1.3 s, where Windows refuses that because somebody has it open. Elsewhere
 * the same answers mean that it isn't allowed, and won't be.
 */
export async function patiently(
  work: () => Promise<void>,
  { platform = process.platform, wait = pause }: { platform?: NodeJS.Platform; wait?: typeof pause } = {},
): Promise<void> {
  for (let ms = firstPauseMs; ; ms *= 2) {
    try {
      await work();
      return;
    } catch (error) {
      if (platform !== 'win32' || ms > longestPauseMs || !busy.has(codeOf(error))) throw error;
      await wait(ms);
    }
  }
}

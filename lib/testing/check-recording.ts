import { InvalidOptionsError } from '../base/errors.ts';
import type { Recording } from './recording.ts';

/** @throws InvalidOptionsError where it is no recording, as where an `await` is missing */
export function checkRecording(owner: string, recording: Recording): void {
  const { steps, trace } = Object(recording) as Partial<Recording>;
  if (Array.isArray(steps) && Array.isArray(trace)) return;
  throw new InvalidOptionsError(owner, [
    { option: 'the recording', expected: 'what runInVirtualTime() gives, awaited', value: recording },
  ]);
}

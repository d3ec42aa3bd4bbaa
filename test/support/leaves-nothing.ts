import { channel } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, vi } from 'vitest';

// Files of a project share a process and its modules, so what one leaves behind is there in those that come after it: slower runs that
// somebody listens to, a clock that stands still, another folder. So each file is held to leave nothing.

const channels = ['run', 'run-started', 'step-started', 'step-completed', 'step-failed', 'run-completed'];

/** What belongs to the process and could be left otherwise than it was found. */
async function surroundings() {
  // Those that the next file will get, which may have been loaded under fakes.
  const { clockOf } = await import('../../lib/base/clock.ts');
  return {
    folder: process.cwd(),
    environment: { ...process.env },
    listeners: Object.fromEntries(
      ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'warning'].map((event) => [
        event,
        process.listenerCount(event),
      ]),
    ),
    heardChannels: channels.filter((name) => channel(`millrace:${name}`).hasSubscribers),
    isClockLive: clockOf(undefined).live && !vi.isFakeTimers(),
    isConsoleMocked: vi.isMockFunction(console.log) || vi.isMockFunction(console.warn),
  };
}

let found: Awaited<ReturnType<typeof surroundings>>;

beforeAll(async () => {
  found = await surroundings();
});

afterAll(async () => {
  expect(await surroundings(), 'what this file leaves behind for the next').toEqual(found);
});

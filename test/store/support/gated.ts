import type { FileIo, OpenFile } from '../../../lib/store/file-io.ts';

/** As another one, but that nothing is done, and no answer heard, before it is one's turn. */
export function gated<Io extends FileIo | OpenFile>(io: Io, turn: () => Promise<void>): Io {
  const methods = io as unknown as Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        await turn();
        const answer = await method(...args);
        await turn();
        return name === 'open' ? gated(answer as OpenFile, turn) : answer;
      },
    ]),
  ) as unknown as Io;
}

import type { FileIo, OpenFile } from '../../../lib/store/file-io.ts';

/** A file system whose process is held up once, before a call. */
export interface HeldUp {
  readonly io: FileIo;
  /** Settles when the call is about to be made. */
  readonly isReached: Promise<void>;
  /** Lets it be made. */
  readonly goOn: () => void;
}

/** @param isIt - whether it is the call, as in `open /store/format`; asked until it is once */
export function heldUp(io: FileIo, isIt: (call: string) => boolean): HeldUp {
  let reached: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const isReached = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let hasBeen = false;
  const watched = <Io extends FileIo | OpenFile>(inner: Io, file?: string): Io => {
    const methods = inner as unknown as Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
    return Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        async (...args: unknown[]) => {
          const path = file ?? String(args[0]);
          if (!hasBeen && isIt(`${name} ${path}`)) {
            hasBeen = true;
            reached();
            await mayGoOn;
          }
          const answer = await method(...args);
          return name === 'open' ? watched(answer as OpenFile, path) : answer;
        },
      ]),
    ) as unknown as Io;
  };
  return { io: watched(io), isReached, goOn };
}

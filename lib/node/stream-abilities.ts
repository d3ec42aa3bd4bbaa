import { environmentVariable, macrotask } from '../base/host.ts';

/** What is written to and asked: process.stderr and its like, on a terminal or not. */
export interface ProgressStream {
  /** Takes what is shown. */
  write(text: string, done?: () => void): unknown;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** How many columns the terminal has. */
  readonly columns?: number | undefined;
  /** How many rows it has. */
  readonly rows?: number | undefined;
  /** Whether what was written has still to go out; frames wait for that. */
  readonly writableNeedDrain?: boolean | undefined;
  /** How much has still to go out. A stream that knows it tells `write` when that is done. */
  readonly writableLength?: number | undefined;
  /** Whether it shows colours. */
  hasColors?(): boolean;
  /** Told of `resize` and `error`. */
  on?(event: string, listener: () => void): unknown;
  /** Told no more. */
  off?(event: string, listener: () => void): unknown;
}

/** Whether lines can be drawn over: on a terminal that a person watches, but not in a log of continuous integration. */
export function isAnimated({ isTTY = false, columns = 0, rows = 0 }: ProgressStream): boolean {
  const isCi = !['0', 'false', undefined].includes(environmentVariable('CI'));
  // A terminal without a size, as a script may make one, would show nothing.
  return isTTY && columns > 0 && rows > 0 && !isCi && environmentVariable('TERM') !== 'dumb';
}

/** How wide a line may be before something breaks it. */
export function columnsOf({ isTTY = false, columns = 0 }: ProgressStream): number {
  return isTTY && columns > 0 ? columns : Infinity;
}

/** Whether who keeps the log folds what is between `::group::` and `::endgroup::`, as GitHub Actions does. */
export function foldsGroups(): boolean {
  return environmentVariable('GITHUB_ACTIONS') === 'true';
}

/** Whether colours are wanted, or, where nobody says so, shown. `FORCE_COLOR` goes before `NO_COLOR`, as in Node. */
export function isColoured(stream: ProgressStream): boolean {
  const force = process.env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (environmentVariable('NO_COLOR') !== undefined) return false;
  return stream.isTTY === true && (stream.hasColors?.() ?? true);
}

/** Calls `then` once what was written so far has gone out, or has failed and the stream has said so. */
export function afterWrites(stream: ProgressStream, then: () => void): void {
  // A stream emits its error a little after it has told of the write.
  const later = (): void => {
    macrotask(then);
  };
  if (typeof stream.writableLength === 'number') stream.write('', later);
  else later();
}

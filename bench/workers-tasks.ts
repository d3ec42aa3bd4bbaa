import { gzipSync } from 'node:zlib';

/** What every contestant's worker can do, as plain functions. */
export const plainTasks = {
  empty: (): void => undefined,
  echo: (value: unknown): unknown => value,
  sizeOf: (value: unknown): number => (ArrayBuffer.isView(value) ? value.byteLength : 0),
  /** JavaScript that nothing waits for: `turns` of a generator of numbers. */
  compute: (turns: number): number => {
    let state = 1;
    for (let turn = 0; turn < turns; turn++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state;
  },
  gzip: (bytes: Uint8Array): number => gzipSync(bytes).byteLength,
};

/** The names of the tasks. */
export type PlainTask = keyof typeof plainTasks;

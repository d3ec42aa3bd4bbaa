import { messageOf } from '../base/inspect.ts';
import type { Kept, Loaded } from '../engine/keeper.ts';
import { contentsOf } from './file-contents.ts';
import type { OutputRecord } from './journal-record.ts';
import { inlineOutput, outputOfObject } from './outputs.ts';
import { KeptOutputRecord } from './recall.ts';
import type { StoreWork } from './store-work.ts';

/** Fetches outputs that are kept. */
export class OutputReader {
  readonly #work: StoreWork;

  constructor(work: StoreWork) {
    this.#work = work;
  }

  load(kept: readonly Kept[], loaded: (outputs: readonly (Loaded | undefined)[]) => void): void {
    const outputs = new Array<Loaded | undefined>(kept.length).fill(undefined);
    let open = 1;
    const oneDone = (): void => {
      if (--open === 0) loaded(outputs);
    };
    for (const [at, one] of kept.entries()) {
      if (!(one instanceof KeptOutputRecord)) continue;
      const { output } = one.record;
      // As it is with most.
      if (output.j !== undefined) {
        outputs[at] = { output: output.j };
        continue;
      }
      open++;
      this.fetch(one.path, output, (fetched) => {
        outputs[at] = fetched;
        oneDone();
      });
    }
    oneDone();
  }

  fetch(path: string, record: OutputRecord, fetched: (output: Loaded | undefined) => void): void {
    const read = (make: () => unknown): void => {
      let output: unknown;
      try {
        output = make();
      } catch (error) {
        lost(error);
        return;
      }
      fetched({ output });
    };
    const lost = (error: unknown): void => {
      const what = `what step '${path}' had come to can't be read, and is made again`;
      this.#work.run.warn(path, `${what}: ${messageOf(error)}`, error);
      fetched(undefined);
    };
    const name = record.o;
    if (name === undefined) {
      read(() => inlineOutput(record));
      return;
    }
    const { backend } = this.#work;
    this.#work.ask(
      () => backend.getObject('blob', name),
      (bytes) => {
        read(() => {
          if (bytes === undefined) throw new Error(`'${name}' isn't in ${backend.name}`);
          return outputOfObject(name, bytes);
        });
      },
      lost,
    );
  }
}

/** Whether the files that an output names are there, with the same in them. */
export async function areThere({ f }: OutputRecord): Promise<boolean> {
  for (const [path, digest] of f ?? []) {
    try {
      if ((await contentsOf(path)).digest !== digest) return false;
    } catch {
      return false;
    }
  }
  return true;
}

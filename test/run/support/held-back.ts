import { settlePromises } from './settle-promises.ts';

/** Bodies that settle when they are told to, and not before: neither by a timeout nor by a cancel. */
export class HeldBack {
  readonly #goOn: (() => void)[] = [];

  /** Gives what is to be given, once it may. */
  async body<Value>(make: () => Value): Promise<Value> {
    await new Promise<void>((resolve) => {
      this.#goOn.push(resolve);
    });
    return make();
  }

  /** Lets all of them go on, and waits for what comes of that. */
  async release(): Promise<void> {
    for (const goOn of this.#goOn.splice(0)) goOn();
    await settlePromises();
  }
}

/** Notes who is called. */
export class Calls {
  #all: string[] = [];

  /** Notes a call, and gives on what it gives. */
  note<Value>(name: string, value: Value): Value {
    this.#all.push(name);
    return value;
  }

  /** Those since this was last asked. */
  take(): string[] {
    return this.#all.splice(0);
  }
}

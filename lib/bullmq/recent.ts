/** What is known of late, by name: no more than so many, and nothing that is older than asked for. */
export class Recent<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly at: number }>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(name: string): Value | undefined {
    return this.#entries.get(name)?.value;
  }

  set(name: string, value: Value, now: number): void {
    this.#entries.delete(name);
    this.#entries.set(name, { value, at: now });
    if (this.#entries.size <= this.#most) return;
    const [oldest = ''] = this.#entries.keys();
    this.#entries.delete(oldest);
  }

  delete(name: string): boolean {
    return this.#entries.delete(name);
  }

  /** When it was noted; `undefined` where nothing is known. */
  at(name: string): number | undefined {
    return this.#entries.get(name)?.at;
  }

  /** Forgets what was noted before a moment. */
  forgetBefore(moment: number): void {
    // The oldest come first.
    for (const [name, { at }] of this.#entries) {
      if (at >= moment) return;
      this.#entries.delete(name);
    }
  }
}

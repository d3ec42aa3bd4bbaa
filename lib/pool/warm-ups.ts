/** Those who wait until every thread there may be is ready. */
export class WarmUps {
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** All are ready, or there is a reason why they won't be. */
  end(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}

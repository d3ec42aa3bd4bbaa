import { followBody } from './body.ts';

/** What an attempt has to do at its end: the last one first, each after the one before has ended. */
export class Finalisers {
  readonly #waiting: (() => unknown)[] = [];

  add(finaliser: () => unknown): void {
    this.#waiting.push(finaliser);
  }

  /**
   * Runs those that wait, those included that come meanwhile.
   *
   * @param comeBack - goes on each time control comes back, from whatever context
   * @param report - hears of each one that failed
   */
  run(comeBack: (work: () => void) => void, report: (error: unknown) => void, done: () => void): void {
    const finaliser = this.#waiting.pop();
    if (finaliser === undefined) {
      done();
      return;
    }
    const goOn = (): void => {
      comeBack(() => {
        this.run(comeBack, report, done);
      });
    };
    const failed = (error: unknown): void => {
      comeBack(() => {
        report(error);
        this.run(comeBack, report, done);
      });
    };
    let returned: unknown;
    try {
      returned = finaliser();
    } catch (error) {
      failed(error);
      return;
    }
    followBody(returned, { completed: goOn, empty: goOn, stopped: goOn, failed });
  }
}

import { decided } from '../base/decision.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import type { FanOutPlan } from '../definition/hosted.ts';
import { DuplicateKeyError } from './fan-out-errors.ts';

/** Names the children of a fan-out: by the user's keys, which are unique, else by the places of their items. */
export class Keys {
  readonly #keyOf: FanOutPlan['keyOf'];
  /** The place that each key was given to. */
  readonly #places = new Map<string, number>();

  constructor(keyOf: FanOutPlan['keyOf']) {
    this.#keyOf = keyOf;
  }

  /**
   * @param id - that of the fan-out
   * @throws InvalidOptionsError where it is no key; DuplicateKeyError; what the user's function throws
   */
  keyOf(item: unknown, place: number, id: () => string): string {
    if (this.#keyOf === undefined) return String(place);
    const option = `the key of item ${String(place)}`;
    const expected = 'a string that is not empty, or a finite number';
    const given = decided(() => `forEachStep('${id()}')`, option, expected, this.#keyOf(item, place));
    const isKey = typeof given === 'string' ? given !== '' : Number.isFinite(given);
    if (!isKey) throw new InvalidOptionsError(`forEachStep('${id()}')`, [{ option, expected, value: given }]);
    const key = String(given);
    const other = this.#places.get(key);
    if (other !== undefined) throw new DuplicateKeyError(id(), key, [other, place]);
    this.#places.set(key, place);
    return key;
  }
}

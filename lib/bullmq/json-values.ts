/** How many values in one another at most are looked at, and how many characters they have: for what is larger, V8's own format is as good. */
const mostValues = 64;
const mostCharacters = 16 * 1024;

/**
 * A value as JSON, where that says all of it that a structured clone would: plain objects and arrays of texts, finite numbers, booleans and
 * `null`, none of them there twice. `undefined` where it may say less, or where the value is large.
 */
export function jsonOf(value: unknown): string | undefined {
  return new Inspection().isPlain(value) ? JSON.stringify(value) : undefined;
}

class Inspection {
  readonly #seen: object[] = [];
  #values = 0;
  #characters = 0;

  isPlain(value: unknown): boolean {
    if (++this.#values > mostValues) return false;
    switch (typeof value) {
      case 'boolean':
        return true;
      case 'string':
        return this.#isShort(value);
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0);
      case 'object':
        return value === null || (this.#isNew(value) && this.#hasPlainParts(value));
      default:
        return false;
    }
  }

  #isShort(text: string): boolean {
    this.#characters += text.length;
    return this.#characters <= mostCharacters;
  }

  /** What is there twice would be two things afterwards. */
  #isNew(value: object): boolean {
    if (this.#seen.includes(value)) return false;
    this.#seen.push(value);
    return true;
  }

  #hasPlainParts(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Array.prototype) return this.#isPlainList(value as readonly unknown[]);
    if (prototype !== Object.prototype) return false;
    for (const key in value)
      if (!this.#isShort(key) || !this.isPlain((value as Readonly<Record<string, unknown>>)[key]))
        return false;
    return true;
  }

  #isPlainList(list: readonly unknown[]): boolean {
    // A list may have names beside its numbers, and gaps.
    if (list.length > mostValues || Object.keys(list).length !== list.length) return false;
    for (let at = 0; at < list.length; at++) if (!this.isPlain(list[at])) return false;
    return true;
  }
}

/**
 * Makes an element's children those nodes, in that order. What stays isn't touched, so that what is open in it stays open, and what has the focus
 * keeps it.
 */
export function sync(parent: Element, nodes: readonly Node[]): void {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, place) => {
    const there = parent.childNodes[place];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
}

/** Says something in an element, unless it says so already. */
export function say(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Elements by key, made once each for as long as they are asked for. */
export class Keyed<Made> {
  readonly #make: (key: string) => Made;
  #known = new Map<string, Made>();

  constructor(make: (key: string) => Made) {
    this.#make = make;
  }

  /** Those of the keys, in their order; others are forgotten. */
  of(keys: readonly string[]): Made[] {
    const known = new Map(keys.map((key) => [key, this.#known.get(key) ?? this.#make(key)]));
    this.#known = known;
    return [...known.values()];
  }
}

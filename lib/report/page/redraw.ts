/** A part of the page that is drawn anew now and then. */
interface Part {
  readonly root: HTMLElement;
  readonly draw: () => void;
}

interface Kept extends Part {
  isSeen: boolean;
  isStale: boolean;
  /** When it may be drawn next. */
  nextAt: number;
  /** How long it took the last time, in ms. */
  took: number;
}

/** The least time between two drawings of a part, in ms. */
const everyMs = 250;
/** How many times as long as drawing takes, layout and painting included, nothing of that part is drawn. */
const restFactor = 30;
/** Even what is large isn't older than this, in ms. */
const mostRest = 3_000;

/**
 * Draws the parts of a page when something has changed: four times a second at most, those that can be seen alone, and each so seldom
 * that drawing it takes a thirtieth of the time. So the page stays at rest, whatever happens and however large the run is.
 */
export class Redraw {
  readonly #parts: readonly Kept[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: readonly Part[]) {
    this.#parts = parts.map((part) => ({ ...part, isSeen: false, isStale: false, nextAt: 0, took: 0 }));
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          for (const part of this.#parts) if (part.root === target) part.isSeen = isIntersecting;
        }
        this.#plan();
      },
      { rootMargin: '300px' },
    );
    for (const { root } of this.#parts) observer.observe(root);
    document.addEventListener('visibilitychange', () => {
      this.#plan();
    });
    // On paper all of it is seen.
    addEventListener('beforeprint', () => {
      for (const part of this.#parts) if (part.isStale) this.#draw(part);
    });
  }

  /** Something has changed. */
  due(): void {
    for (const part of this.#parts) part.isStale = true;
    this.#plan();
  }

  /** Another run is shown: all that is seen is drawn at once. */
  now(): void {
    for (const part of this.#parts) part.nextAt = 0;
    this.due();
  }

  #plan(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (document.hidden) return;
    const waiting = this.#parts.filter(({ isSeen, isStale }) => isSeen && isStale);
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map(({ nextAt }) => nextAt));
    this.#timer = setTimeout(
      () => {
        this.#pass();
      },
      Math.max(0, next - performance.now()),
    );
  }

  /** One part a turn, so that none keeps the page from answering. */
  #pass(): void {
    const now = performance.now();
    const part = this.#parts
      .filter(({ isSeen, isStale, nextAt }) => isSeen && isStale && nextAt <= now)
      .reduce<Kept | undefined>(
        (first, each) => (first === undefined || each.nextAt < first.nextAt ? each : first),
        undefined,
      );
    if (part !== undefined) this.#draw(part);
    this.#plan();
  }

  #draw(part: Kept): void {
    const begun = performance.now();
    part.isStale = false;
    part.draw();
    // What was changed is laid out here and now, so that it counts.
    part.root.getBoundingClientRect();
    const took = performance.now() - begun;
    // One that took long once, as the first one does, doesn't count.
    const usual = Math.min(took, part.took);
    part.took = took;
    part.nextAt = begun + Math.max(everyMs, Math.min(mostRest, usual * restFactor));
  }
}

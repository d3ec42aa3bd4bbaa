import { durationText } from '../duration-text.ts';
import { amountTicks, byteTicks, timeTicks } from '../ticks.ts';
import { drawn, element } from './dom.ts';
import { amountText } from './section.ts';

/** What was taken of a class, and what there was of it, from each time on, in ms from 0; `null` where nobody knows. */
export interface StepLines {
  readonly times: readonly number[];
  readonly taken: readonly (number | null)[];
  readonly limit: readonly (number | null)[];
}

const height = 130;
/** Beside and below the lines, for what is written at the axes. */
const left = 70;
const bottom = 22;
const top = 6;
const right = 8;

/** A drawing of amounts that change in steps; a pointer reads what they were. */
export class StepChart {
  readonly root: HTMLElement;
  readonly #name: string;
  readonly #caption: HTMLElement;
  readonly #read = element('span', { class: 'read' });
  readonly #picture = drawn('svg', { class: 'chart', role: 'img', height });
  readonly #pointer = drawn('line', { class: 'pointer', y1: top, y2: height - bottom, visibility: 'hidden' });
  #lines: StepLines = { times: [], taken: [], limit: [] };
  #width = 0;

  constructor(name: string) {
    this.#name = name;
    this.#caption = element('figcaption', {}, name, this.#read);
    this.root = element('figure', {}, this.#caption, this.#picture);
    this.#picture.addEventListener('pointermove', ({ offsetX }) => {
      this.#readAt(offsetX);
    });
    this.#picture.addEventListener('pointerleave', () => {
      this.#read.textContent = '';
      this.#pointer.setAttribute('visibility', 'hidden');
    });
  }

  show(lines: StepLines): void {
    this.#lines = lines;
    this.#draw();
  }

  /** Draws it as wide as there is room, where that has changed. */
  fit(): void {
    const { clientWidth } = this.root;
    if (clientWidth > 0 && clientWidth !== this.#width) this.#draw();
  }

  get #from(): number {
    return this.#lines.times[0] ?? 0;
  }

  /** A run that has taken no time is drawn all the same. */
  get #duration(): number {
    return (this.#lines.times.at(-1) ?? 0) - this.#from || 1;
  }

  #draw(): void {
    this.#width = Math.max(this.root.clientWidth, 200);
    const { times, taken, limit } = this.#lines;
    const name = this.#name;
    const known = [...taken, ...limit].filter((amount) => amount !== null && Number.isFinite(amount));
    const highest = Math.max(1, known.reduce<number>((most, amount) => Math.max(most, amount ?? 0), 0) * 1.1);
    const plotWidth = this.#width - left - right;
    const x = (time: number): number => left + ((time - this.#from) / this.#duration) * plotWidth;
    const y = (amount: number): number => height - bottom - (amount / highest) * (height - bottom - top);
    const ends = { x1: left, x2: this.#width - right };
    const amounts =
      name === 'memory'
        ? byteTicks(highest, 3)
        : amountTicks(
            highest,
            4,
            taken.every((amount) => Number.isInteger(amount ?? 0)),
          );
    const marks = timeTicks(this.#from, this.#from + this.#duration, Math.max(2, plotWidth / 95));
    const line = steps(times, taken, x, y);
    this.#picture.setAttribute('width', String(this.#width));
    this.#picture.setAttribute('viewBox', `0 0 ${String(this.#width)} ${String(height)}`);
    this.#picture.setAttribute('aria-label', this.#summary());
    this.#picture.replaceChildren(
      ...amounts.flatMap((amount) => [
        drawn('line', { ...ends, y1: y(amount), y2: y(amount), class: 'grid' }),
        drawn('text', { x: left - 8, y: y(amount) + 4, 'text-anchor': 'end' }, amountText(name, amount)),
      ]),
      ...marks.flatMap(({ value, text }) => [
        drawn('line', { x1: x(value), x2: x(value), y1: top, y2: height - bottom, class: 'grid' }),
        drawn('text', { x: x(value), y: height - 6, 'text-anchor': 'middle' }, text),
      ]),
      drawn('path', {
        class: 'area',
        d: line === '' ? '' : `${line}V${String(height - bottom)}H${String(left)}Z`,
      }),
      drawn('path', { class: 'taken', d: line }),
      drawn('path', { class: 'limit', d: steps(times, limit, x, y) }),
      this.#pointer,
    );
  }

  #summary(): string {
    const { taken, limit } = this.#lines;
    const most = taken.reduce<number>((highest, amount) => Math.max(highest, amount ?? 0), 0);
    return `${this.#name}: at most ${amountText(this.#name, most)} at once${of(this.#name, limit.at(-1))}`;
  }

  #readAt(place: number): void {
    const { times, taken, limit } = this.#lines;
    const share = (place - left) / Math.max(1, this.#width - left - right);
    if (share < 0 || share > 1) return;
    const time = this.#from + share * this.#duration;
    const after = times.findIndex((each) => each > time);
    const at = after === -1 ? times.length - 1 : after - 1;
    const amount = amountText(this.#name, taken[at] ?? 0);
    this.#read.textContent = ` ${amount}${of(this.#name, limit[at])} at ${durationText(time)}`;
    this.#pointer.setAttribute('visibility', 'visible');
    for (const end of ['x1', 'x2']) this.#pointer.setAttribute(end, String(place));
  }
}

function of(name: string, limit: number | null | undefined): string {
  return limit === null || limit === undefined ? '' : ` of ${amountText(name, limit)}`;
}

/** The path of a line that stays where it is until the next time; it has gaps where nothing is known or there is no end. */
function steps(
  times: readonly number[],
  amounts: readonly (number | null)[],
  x: (time: number) => number,
  y: (amount: number) => number,
): string {
  let path = '';
  let isDrawing = false;
  for (const [place, time] of times.entries()) {
    const amount = amounts[place] ?? null;
    if (isDrawing) path += `H${x(time).toFixed(1)}`;
    const isKnown = amount !== null && Number.isFinite(amount);
    if (isKnown)
      path += isDrawing ? `V${y(amount).toFixed(1)}` : `M${x(time).toFixed(1)} ${y(amount).toFixed(1)}`;
    isDrawing = isKnown;
  }
  return path;
}

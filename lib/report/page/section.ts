import type { Timeline } from '../timeline.ts';
import { element } from './dom.ts';

/** A part of the page that shows a run. */
export interface View {
  readonly root: HTMLElement;
  /** Draws the run as it is now. */
  update(timeline: Timeline): void;
}

/** A titled part of the page. */
export function section(title: string, ...children: readonly (Node | string)[]): HTMLElement {
  return element('section', { 'aria-label': title }, element('h2', {}, title), ...children);
}

/** An amount of a resource class for people. */
export function amountText(className: string, amount: number): string {
  if (className !== 'memory') return String(Math.round(amount * 100) / 100);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${String(Math.round(value * 10) / 10)} ${units[unit] ?? ''}`;
}

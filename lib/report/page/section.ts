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

export { amountText } from '../answers.ts';

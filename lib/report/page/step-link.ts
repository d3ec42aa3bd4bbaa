import type { Sentence } from '../answers.ts';
import { element } from './dom.ts';

/** A step that is named anywhere on the page: a click, or Enter, opens all that is known of it. */
export function stepLink(stepId: string, text = stepId): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', class: 'id step', 'data-step': stepId, 'aria-haspopup': 'dialog' },
    text,
  );
}

/** Text in which steps are named. */
export function sentenceNodes(sentence: Sentence): (Node | string)[] {
  return sentence.map((part) => (typeof part === 'string' ? part : stepLink(part.stepId)));
}

/** Has every step that is named on the page opened by `open`, those in drawings too. */
export function listenToSteps(open: (stepId: string) => void): void {
  const stepOf = (event: Event): string | undefined => {
    const target = event.target instanceof Element ? event.target.closest('[data-step]') : null;
    return target?.getAttribute('data-step') ?? undefined;
  };
  document.addEventListener('click', (event) => {
    const stepId = stepOf(event);
    if (stepId !== undefined) open(stepId);
  });
  document.addEventListener('keydown', (event) => {
    // Buttons make clicks of keys by themselves.
    if ((event.key !== 'Enter' && event.key !== ' ') || event.target instanceof HTMLButtonElement) return;
    const stepId = stepOf(event);
    if (stepId === undefined) return;
    event.preventDefault();
    open(stepId);
  });
}

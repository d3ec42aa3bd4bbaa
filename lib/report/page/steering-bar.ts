import type { Ability } from '../dashboard-frame.ts';
import type { LiveRun } from '../live-run.ts';
import { type Asking, askServer } from './asking.ts';
import { element } from './dom.ts';
import { say } from './sync.ts';

/** What is done with the run that is shown, and what came of it. */
export interface SteeringBar extends Asking {
  readonly root: HTMLElement;
  update(live: LiveRun): void;
}

/** @param token - of the URL of the page; without one nothing can be asked */
export function steeringBar(token: string | null): SteeringBar {
  let live: LiveRun | undefined;
  let told: LiveRun | undefined;
  const answer = element('span', { class: 'answer', role: 'status' });
  const pause = element('button', { type: 'button' }, 'Pause');
  const cancel = element('button', { type: 'button', class: 'cancel' }, 'Cancel the run');
  const now = element('button', { type: 'button', class: 'cancel' }, 'Stop it now');
  const drain = element('button', { type: 'button' }, 'Let running steps finish');
  const keep = element('button', { type: 'button' }, 'Keep it running');
  const question = element('h2', { id: 'cancelling' });
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'cancelling' },
    question,
    element('p', {}, 'Nothing new starts, and clean-ups run. This can not be taken back.'),
    element('p', { class: 'tools' }, now, drain, keep),
  );
  const root = element('div', { class: 'tools steering' }, pause, cancel, answer, dialog);

  const can = (ability: Ability): boolean =>
    token !== null && live?.head.abilities.includes(ability) === true;

  const ask: Asking['ask'] = (action, body = {}) => {
    if (live === undefined || token === null) return;
    const asked = live;
    answer.classList.remove('problem');
    say(answer, 'asking …');
    void askServer(action, token, { runId: live.head.runId, ...body }).then(({ isDone, text }) => {
      told = asked;
      answer.classList.toggle('problem', !isDone);
      // The run may be over before its answer comes.
      say(answer, isDone && isOver(live) ? '' : text);
    });
  };

  pause.addEventListener('click', () => {
    ask(live?.latest?.isPaused === true ? 'resume' : 'pause');
  });
  cancel.addEventListener('click', () => {
    say(question, `Cancel ${live?.head.runId ?? 'the run'}?`);
    drain.hidden = !can('drain');
    dialog.showModal();
  });
  now.addEventListener('click', () => {
    dialog.close();
    ask('cancel');
  });
  drain.addEventListener('click', () => {
    dialog.close();
    ask('cancel', { drain: true });
  });
  keep.addEventListener('click', () => {
    dialog.close();
  });
  return {
    root,
    can,
    ask,
    update(latest) {
      live = latest;
      const isDone = isOver(latest);
      root.hidden = token === null;
      pause.hidden = !can('pause') || isDone;
      say(pause, latest.latest?.isPaused === true ? 'Resume' : 'Pause');
      cancel.hidden = !can('cancel') || isDone;
      if (isDone && dialog.open) dialog.close();
      // What was asked of another run, or of one that is over, is no news.
      const isNews = told === latest && (!isDone || answer.classList.contains('problem'));
      if (told !== undefined && !isNews) {
        told = undefined;
        say(answer, '');
      }
    },
  };
}

function isOver(live: LiveRun | undefined): boolean {
  const status = live?.status;
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'interrupted';
}

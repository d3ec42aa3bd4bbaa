import type { LiveRun } from '../live-run.ts';
import type { Asking } from './asking.ts';
import { element } from './dom.ts';
import { amountText } from './section.ts';
import { Keyed, say, sync } from './sync.ts';

/** What is taken of each class and how much there is, with fields to change that, and to hold a class back. */
export function limitsTable(asking: Asking) {
  const body = element('tbody');
  const rows = new Keyed((name) => limitRow(name, asking));
  const heads = ['class', 'taken', 'limit', ''].map((name) =>
    element(
      'th',
      { scope: 'col' },
      name === '' ? element('span', { class: 'unseen' }, 'hold it back') : name,
    ),
  );
  return {
    root: element(
      'div',
      {},
      element('h3', {}, 'Classes'),
      element(
        'div',
        { class: 'listing', tabindex: 0, role: 'group', 'aria-label': 'The resource classes' },
        element('table', { class: 'list' }, element('thead', {}, element('tr', {}, ...heads)), body),
      ),
    ),
    update(live: LiveRun): void {
      const names = Object.keys(live.latest?.resources ?? {});
      const made = rows.of(names);
      for (const row of made) row.update(live);
      sync(
        body,
        made.map(({ row }) => row),
      );
    },
  };
}

function limitRow(name: string, asking: Asking) {
  const fill = element('i');
  const taken = element('span');
  const shown = element('span');
  const field = element('input', { type: 'text', size: 7, 'aria-label': `Limit of ${name}` });
  const form = element('form', {}, field, element('button', { type: 'submit', class: 'small' }, 'set'));
  const pause = element('button', { type: 'button', class: 'small' });
  let isPaused = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = field.value.trim();
    asking.ask('limits', { limits: { [name]: /^\d+(\.\d+)?$/.test(given) ? Number(given) : given } });
    field.blur();
  });
  pause.addEventListener('click', () => {
    asking.ask(isPaused ? 'resume' : 'pause', { resource: name });
  });
  const row = element(
    'tr',
    {},
    element('td', {}, element('span', { class: 'id' }, name)),
    element('td', {}, element('div', { class: 'gauge' }, fill), taken),
    element('td', {}, shown, form),
    element('td', {}, pause),
  );
  return {
    row,
    update({ latest }: LiveRun): void {
      const resource = latest?.resources[name];
      if (latest === undefined || resource === undefined) return;
      isPaused = latest.pausedResources.includes(name);
      // JSON has no word for infinity.
      const limit = (resource.limit as number | null) ?? Infinity;
      fill.style.width = `${String(Math.min(100, (100 * resource.taken) / limit))}%`;
      const limitText = limit === Infinity ? 'none' : amountText(name, limit);
      say(taken, `${amountText(name, resource.taken)} of ${limitText}${isPaused ? ', paused' : ''}`);
      form.hidden = !asking.can('limits');
      shown.hidden = !form.hidden;
      say(shown, limitText);
      if (document.activeElement !== field) field.value = limitText;
      pause.hidden = !asking.can('pause');
      say(pause, isPaused ? 'resume' : 'pause');
      pause.setAttribute('aria-label', `${isPaused ? 'Resume' : 'Pause'} ${name}`);
    },
  };
}

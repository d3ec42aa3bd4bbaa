import type { Sent } from '../dashboard-log.ts';
import type { Timeline } from '../timeline.ts';
import { newTimeline } from '../timeline-of.ts';
import { element } from './dom.ts';

const cancellable: ReadonlySet<Timeline['status']> = new Set(['idle', 'waiting', 'running']);

/** Follows the runs of a server, and shows the one chosen: the latest, until another is. */
export function follow(path: string, tools: HTMLElement, show: (timeline: Timeline) => void): void {
  const timelines = new Map<string, Timeline>();
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  const choice = element('select', { 'aria-label': 'Run' });
  const line = element('span', { class: 'quiet', role: 'status' }, 'connecting …');
  const cancel = element('button', { type: 'button', class: 'cancel' }, 'Cancel the run');
  tools.append(choice, ...(token === null ? [] : [cancel]), line);
  let isChosen = false;
  let isDue = false;

  function due(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      const timeline = timelines.get(choice.value);
      if (timeline === undefined) return;
      cancel.disabled = !cancellable.has(timeline.status);
      show(timeline);
    });
  }

  choice.addEventListener('change', () => {
    isChosen = true;
    due();
  });
  cancel.addEventListener('click', () => {
    void fetch('cancel', {
      method: 'POST',
      headers: { authorization: `Bearer ${token ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ runId: choice.value }),
    }).then(
      ({ ok, status }) => {
        line.textContent = ok ? 'cancelling' : `the run was not cancelled (${String(status)})`;
      },
      () => {
        line.textContent = 'the run was not cancelled: no connection';
      },
    );
  });

  const source = new EventSource(path);
  source.addEventListener('open', () => {
    line.textContent = 'live';
  });
  source.addEventListener('error', () => {
    line.textContent = 'reconnecting …';
  });
  // Another server, or one started anew: what is known of the one before says nothing here.
  source.addEventListener('reset', () => {
    timelines.clear();
    choice.replaceChildren();
    isChosen = false;
  });
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const sent = JSON.parse(data) as Sent;
    if (sent.kind === 'event') timelines.get(sent.runId)?.add(sent.event);
    else if (sent.kind === 'forget') {
      timelines.delete(sent.runId);
      [...choice.options].find(({ value }) => value === sent.runId)?.remove();
    } else if (!timelines.has(sent.runId)) {
      timelines.set(sent.runId, newTimeline(sent.head));
      choice.append(element('option', { value: sent.runId }, `${sent.head.workflow.name} ${sent.runId}`));
      if (!isChosen) choice.value = sent.runId;
    }
    due();
  });
}

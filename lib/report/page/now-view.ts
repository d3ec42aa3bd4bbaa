// Long because it is one part of the page: how far the run is, what runs, what waits, and what there is of each class.
import { settledOf } from '../../observe/descent.ts';
import { waitText } from '../../observe/wait-reason.ts';
import { durationText } from '../duration-text.ts';
import type { LiveRun } from '../live-run.ts';
import { type Expected, slowness } from '../under-way.ts';
import { type WaitingFor, waitsNow } from '../waits-now.ts';
import type { Asking } from './asking.ts';
import { element } from './dom.ts';
import { limitsTable } from './limits-table.ts';
import { amountText, section } from './section.ts';
import { stepLink } from './step-link.ts';
import { Keyed, say, sync } from './sync.ts';

/** More than these nobody reads. */
const mostRunning = 100;
const mostWaits = 40;
const mostNames = 3;

/** What goes on now. */
export interface NowView {
  readonly root: HTMLElement;
  update(live: LiveRun): void;
}

export function nowView(asking: Asking): NowView {
  const bar = element('div', { class: 'gauge whole', role: 'progressbar', 'aria-label': 'Done' });
  const fill = element('i');
  bar.append(fill);
  const facts = element('dl', { class: 'figures' });
  const figures = new Keyed((name) => {
    const value = element('dd');
    return { value, pair: element('div', {}, element('dt', {}, name), value) };
  });
  const running = runningTable(asking);
  const waiting = waitingList();
  const limits = limitsTable(asking);
  const parts = element('div', { class: 'parts' }, running.root, waiting.root, limits.root);
  return {
    root: section('Now', bar, facts, parts),
    update(live) {
      const told = factsOf(live);
      const made = figures.of(told.map(([name]) => name));
      told.forEach(([, value], place) => {
        const figure = made[place];
        if (figure !== undefined) say(figure.value, value);
      });
      sync(
        facts,
        made.map(({ pair }) => pair),
      );
      const percent = Math.floor((live.latest?.fraction ?? 0) * 100);
      bar.setAttribute('aria-valuenow', String(percent));
      fill.style.width = `${String(percent)}%`;
      parts.hidden = !live.isUnderWay && live.status !== 'paused' && live.status !== 'waiting';
      if (parts.hidden) return;
      running.update(live);
      waiting.update(live);
      limits.update(live);
    },
  };
}

type Fact = readonly [name: string, value: string];

function factsOf(live: LiveRun): Fact[] {
  const { timeline, latest } = live;
  const { startedAt, endedAt, now, steps, descent } = timeline;
  if (latest === undefined) return [];
  let done = 0;
  let ready = 0;
  let waiting = 0;
  for (const { status } of steps.values()) {
    if (status === 'ready' || status === 'retrying') ready++;
    else if (status === 'waiting') waiting++;
    else if (status !== 'running') done++;
  }
  const within = descent.counts;
  const isOpen = live.isUnderWay || live.status === 'paused';
  return [
    ['elapsed', startedAt === undefined ? '–' : durationText((endedAt ?? now) - startedAt)],
    ...(isOpen ? [['left', leftText(live)] as const] : []),
    ['steps', `${String(done)} of ${String(steps.size)}, ${String(Math.floor(latest.fraction * 100))} %`],
    ...(within === undefined
      ? []
      : [['within steps', `${String(settledOf(within))} of ${String(within.added)}`] as const]),
    ...(isOpen ? ([['throughput', rateText(latest.rate)]] as const) : []),
    ...(isOpen
      ? ([
          ['running', String(live.underWay.size)],
          ['ready', String(ready)],
          ['waiting', String(waiting)],
        ] as const)
      : []),
  ];
}

/** An interval, since nobody knows better. */
function leftText({ latest, timeline, status }: LiveRun): string {
  if (status === 'paused') return 'unknown while it is paused';
  if (status === 'stopping') return 'it is about to end';
  const { left, now } = latest ?? {};
  if (left === undefined || now === undefined) return 'unknown as yet';
  const passed = timeline.now - now;
  const [low, likely, high] = [left.low, left.likely, left.high].map((ms) => Math.max(0, ms - passed)) as [
    number,
    number,
    number,
  ];
  return `about ${roughly(likely)} (${roughly(low)} to ${roughly(high)})`;
}

function roughly(ms: number): string {
  return ms < 1_000 ? '1 s' : durationText(Math.ceil(ms / 1_000) * 1_000).replace(/\.0 s$/, ' s');
}

function rateText(perSecond: number): string {
  if (perSecond === 0) return 'nothing ended lately';
  if (perSecond >= 1)
    return `${perSecond >= 10 ? String(Math.round(perSecond)) : perSecond.toFixed(1)} a second`;
  return `${(perSecond * 60).toFixed(1)} a minute`;
}

interface Row {
  readonly row: HTMLElement;
  update(live: LiveRun): void;
}

/** What runs, what has run longest first: what is slow stands where it is seen. */
function runningTable(asking: Asking) {
  const body = element('tbody');
  const more = element('p', { class: 'quiet' });
  const rows = new Keyed((stepId) => runningRow(stepId, asking));
  const heads = ['step', 'for', 'expected', 'how far', ''].map((name) =>
    element('th', { scope: 'col' }, name === '' ? element('span', { class: 'unseen' }, 'stop it') : name),
  );
  const root = element(
    'div',
    { class: 'running' },
    element('h3', {}, 'Running'),
    element(
      'div',
      { class: 'listing', tabindex: 0, role: 'group', 'aria-label': 'The running steps' },
      element('table', { class: 'list' }, element('thead', {}, element('tr', {}, ...heads)), body),
    ),
    more,
  );
  return {
    root,
    update(live: LiveRun): void {
      const all = [...live.underWay.all].sort((left, right) => left.from - right.from);
      const seen = all.slice(0, mostRunning);
      const made: Row[] = rows.of(seen.map(({ stepId }) => stepId));
      for (const row of made) row.update(live);
      sync(
        body,
        made.map(({ row }) => row),
      );
      say(more, moreText(all.length, seen.length));
    },
  };
}

function moreText(all: number, seen: number): string {
  if (all === 0) return 'Nothing runs just now.';
  return all > seen ? `and ${String(all - seen)} more that have started later` : '';
}

function runningRow(stepId: string, asking: Asking): Row {
  const slow = element('span', { class: 'badge slow' });
  const thread = element('span', { class: 'quiet' });
  const elapsed = element('td', { class: 'number' });
  const expected = element('td', { class: 'number' });
  const text = element('span');
  const fill = element('i');
  const meter = element('div', { class: 'gauge' }, fill);
  const stop = element(
    'button',
    {
      type: 'button',
      class: 'small',
      'aria-label': `Stop step ${stepId}`,
      onClick: () => asking.ask('cancel-step', { stepId }),
    },
    'stop',
  );
  const row = element(
    'tr',
    {},
    element('td', {}, stepLink(stepId), ' ', slow, ' ', thread),
    elapsed,
    expected,
    element('td', {}, meter, text),
    element('td', {}, stop),
  );
  return {
    row,
    update(live) {
      const attempt = live.underWay.get(stepId);
      if (attempt === undefined) return;
      const took = Math.max(0, live.timeline.now - attempt.from);
      const foreseen = live.expectedOf(stepId);
      const times = slowness(took, foreseen);
      slow.hidden = times === undefined;
      say(
        slow,
        times === undefined ? '' : `slow: ${times.toFixed(1)} × ${byText[foreseen?.by ?? 'estimate']}`,
      );
      row.classList.toggle('is-slow', times !== undefined);
      const again = attempt.attempt > 1 ? `attempt ${String(attempt.attempt)}` : '';
      say(thread, [attempt.thread ?? '', again].filter(Boolean).join(', '));
      say(elapsed, durationText(took));
      say(expected, foreseen === undefined ? '' : durationText(foreseen.ms));
      const within = live.timeline.descent.countsOf(stepId);
      const story = live.timeline.steps.get(stepId);
      const fraction = (story && live.timeline.fractionOf(story)) ?? attempt.fraction;
      const far =
        within === undefined ? undefined : `${String(settledOf(within))} of ${String(within.added)}`;
      const percent = fraction === undefined ? '' : `${String(Math.floor(fraction * 100))} %`;
      meter.hidden = fraction === undefined;
      fill.style.width = percent.replace(' ', '');
      say(text, [far ?? percent, attempt.message ?? ''].filter(Boolean).join(' · '));
      stop.hidden = !asking.can('cancel-step');
    },
  };
}

const byText: Readonly<Record<Expected['by'], string>> = {
  estimate: 'its estimate',
  history: 'what it took before',
  siblings: 'the mean of the others',
};

/** What waits, a line for what it waits for. */
function waitingList() {
  const list = element('ul', { class: 'waits' });
  const more = element('p', { class: 'quiet' });
  const lines = new Keyed(() => {
    const what = element('span');
    const steps = element('span', { class: 'quiet' });
    return { line: element('li', {}, what, element('br'), steps), what, steps };
  });
  return {
    root: element(
      'div',
      {},
      element('h3', {}, 'Waiting'),
      element('div', { class: 'listing', tabindex: 0, role: 'group', 'aria-label': 'What waits' }, list),
      more,
    ),
    update(live: LiveRun): void {
      const { latest, timeline } = live;
      if (latest === undefined) return;
      const { waitingFor } = live;
      const waits = waitsNow({ ...latest, waitingFor, steps: timeline.steps.values() });
      const seen = waits.slice(0, mostWaits);
      const made = lines.of(seen.map((wait) => `${wait.for.kind} ${waitText(wait.for)}`));
      seen.forEach((wait, place) => {
        const line = made[place];
        if (line === undefined) return;
        say(line.what, lineText(wait, live));
        say(line.steps, namesText(wait.steps, wait.count));
      });
      sync(
        list,
        made.map(({ line }) => line),
      );
      const left = waits.length - seen.length;
      say(more, waits.length === 0 ? 'Nothing waits.' : left > 0 ? `and ${String(left)} more reasons` : '');
    },
  };
}

function lineText({ for: reason, isReady, count }: WaitingFor, live: LiveRun): string {
  const many = `${String(count)} step${count === 1 ? '' : 's'}${isReady ? ', ready,' : ''}`;
  const wait = `${many} wait${count === 1 ? 's' : ''} for ${waitText(reason)}`;
  const { latest, timeline, underWay } = live;
  if (reason.kind === 'step') {
    const from = underWay.get(reason.stepId)?.from;
    const status = timeline.steps.get(reason.stepId)?.status ?? 'waiting';
    return `${wait}, ${from === undefined ? status : `running for ${durationText(timeline.now - from)}`}`;
  }
  if (reason.kind !== 'resource') return wait;
  const { taken, limit } = latest?.resources[reason.resource] ?? {};
  if (taken === undefined || limit === undefined) return wait;
  return `${wait}: ${amountText(reason.resource, taken)} of ${amountText(reason.resource, limit)} are taken`;
}

function namesText(ids: readonly string[], count: number): string {
  const names = ids.slice(0, mostNames);
  const more = count - names.length;
  return more > 0 ? `${names.join(', ')} and ${String(more)} more` : names.join(', ');
}

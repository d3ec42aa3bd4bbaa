import type { RunLine } from '../dashboard-frame.ts';
import { durationText } from '../duration-text.ts';
import { element } from './dom.ts';
import { section } from './section.ts';
import { Keyed, say, sync } from './sync.ts';

/** More than this nobody reads; the search finds the others. */
const mostRows = 200;
/** In 2001. Times of schedulers of tests begin at 0, and are no times of a day. */
const firstEpochMs = 1e12;

const statuses = [
  'running',
  'paused',
  'waiting',
  'stopping',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
  'idle',
] as const;

const columns = ['state', 'run', 'started', 'duration', 'steps', 'running', 'failed'];

function headOf(name: string): HTMLElement {
  const isWide = name === 'started' || name === 'running';
  return element('th', { scope: 'col', class: isWide ? 'wide' : undefined }, name);
}

/** What a line says of how its run is, in one word. */
function stateOf({ status, isPaused }: RunLine): string {
  return isPaused && (status === 'running' || status === 'idle') ? 'paused' : status;
}

/** The table of runs, the latest first, with a search. */
export interface RunsView {
  readonly root: HTMLElement;
  /** @param now - the time of day, in ms */
  update(lines: ReadonlyMap<string, RunLine>, shown: string | undefined, now: number): void;
}

/** @param choose - is told the id of a run that is to be shown */
export function runsView(choose: (runId: string) => void): RunsView {
  const search = element('input', {
    type: 'search',
    placeholder: 'workflow or run …',
    'aria-label': 'Search the runs',
  });
  const filter = element(
    'select',
    { 'aria-label': 'Only runs that are' },
    element('option', { value: '' }, 'all states'),
    ...statuses.map((status) => element('option', { value: status }, status)),
  );
  const count = element('span', { class: 'quiet', 'aria-live': 'polite' });
  const body = element('tbody');
  const table = element(
    'table',
    { class: 'list' },
    element('thead', {}, element('tr', {}, ...columns.map(headOf))),
    body,
  );
  const rows = new Keyed((runId) => runRow(runId, choose));
  let latest: { lines: ReadonlyMap<string, RunLine>; shown: string | undefined; now: number } | undefined;

  function draw(): void {
    if (latest === undefined) return;
    const { lines, shown, now } = latest;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...lines.values()].reverse().filter((line) => {
      const text = `${line.workflow} ${line.runId}`.toLowerCase();
      const isWanted = filter.value === '' || stateOf(line) === filter.value;
      return isWanted && words.every((word) => text.includes(word));
    });
    const seen = found.slice(0, mostRows);
    const made = rows.of(seen.map(({ runId }) => runId));
    seen.forEach((line, place) => made[place]?.update(line, line.runId === shown, now));
    sync(
      body,
      made.map(({ row }) => row),
    );
    const more = found.length > seen.length ? `, the latest ${String(seen.length)} shown` : '';
    say(count, `${String(found.length)} of ${String(lines.size)} runs${more}`);
  }

  search.addEventListener('input', draw);
  filter.addEventListener('change', draw);
  const root = section(
    'Runs',
    element('p', { class: 'tools' }, search, filter, count),
    element('div', { class: 'listing', tabindex: 0, role: 'group', 'aria-label': 'The runs' }, table),
  );
  root.hidden = true;
  return {
    root,
    update(lines, shown, now) {
      // One run is what the page is about anyway.
      root.hidden = lines.size < 2;
      latest = { lines, shown, now };
      draw();
    },
  };
}

function runRow(runId: string, choose: (runId: string) => void) {
  const badge = element('span', { class: 'badge' });
  const workflow = element('span', { class: 'quiet' });
  const button = element('button', { type: 'button', class: 'link', onClick: () => choose(runId) }, runId);
  const number = (): HTMLElement => element('td', { class: 'number' });
  const [duration, steps, failed] = [number(), number(), number()];
  const [started, running] = [element('td', { class: 'wide' }), element('td', { class: 'wide' })];
  const row = element(
    'tr',
    {},
    element('td', {}, badge),
    element('td', {}, button, ' ', workflow),
    started,
    duration,
    steps,
    running,
    failed,
  );
  return {
    row,
    update(line: RunLine, isShown: boolean, now: number): void {
      const state = stateOf(line);
      say(badge, state);
      badge.className = `badge ${state}`;
      say(workflow, line.workflow);
      if (isShown) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      row.classList.toggle('shown', isShown);
      say(started, timeText(line.startedAt, now));
      say(duration, durationOf(line, now));
      say(steps, `${String(line.done)} / ${String(line.total)}`);
      say(running, String(line.running));
      say(failed, line.failed === 0 ? '' : String(line.failed));
    },
  };
}

function durationOf({ startedAt, endedAt, status }: RunLine, now: number): string {
  if (startedAt === null) return '';
  if (endedAt !== null) return durationText(endedAt - startedAt);
  const isUnderWay = status === 'running' || status === 'stopping';
  return isUnderWay && startedAt > firstEpochMs ? durationText(Math.max(0, now - startedAt)) : '';
}

function timeText(at: number | null, now: number): string {
  if (at === null || at < firstEpochMs) return '';
  // eslint-disable-next-line no-restricted-syntax -- a time that was given, not one that is read
  const [date, today] = [new Date(at), new Date(now)];
  const isToday = date.toDateString() === today.toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}

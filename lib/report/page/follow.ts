import type { RunLine, Sent } from '../dashboard-frame.ts';
import { LiveRun } from '../live-run.ts';
import { element } from './dom.ts';
import { nowView } from './now-view.ts';
import { Redraw } from './redraw.ts';
import { runsView } from './runs-view.ts';
import type { View } from './section.ts';
import { steeringBar } from './steering-bar.ts';
import { say } from './sync.ts';

/** How often the time of what goes on is shown anew, in ms. */
const tickMs = 500;
/** After so many events the page begins anew with what the server keeps, which is less than what has come. */
const mostFolded = 200_000;

/** The parts of the page that are there for any run. */
interface Page {
  readonly main: HTMLElement;
  readonly title: HTMLElement;
  readonly state: HTMLElement;
  readonly tools: HTMLElement;
  readonly views: readonly View[];
}

/** Follows the runs of a server, and shows one: the latest, which stays as long as it goes on, until another is chosen. */
export function follow(path: string, { main, title, state, tools, views }: Page): void {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const token = parameters.get('token');
  let chosen = parameters.get('run') ?? '';
  const lines = new Map<string, RunLine>();
  let live: LiveRun | undefined;
  let source: EventSource | undefined;
  /** How far the time of the runs is ahead of this page's, in ms. */
  let ahead = performance.timeOrigin;

  const connection = element('span', { class: 'quiet', role: 'status' }, 'connecting …');
  const bar = steeringBar(token);
  const runs = runsView(choose);
  const now = nowView(bar);
  tools.append(connection);
  now.root.querySelector('h2')?.after(bar.root);
  views[0]?.root.before(runs.root, now.root);
  main.classList.add('live');

  const redraw = new Redraw([
    { root: runs.root.parentElement ?? main, draw: drawRuns },
    {
      root: now.root,
      draw: () => {
        if (live !== undefined) now.update(live);
      },
    },
    ...views.map((view) => ({
      // One that is beside the page has to know the run before it is opened.
      root: view.root instanceof HTMLDialogElement ? main : view.root,
      draw: () => {
        if (live !== undefined) view.update(live.timeline);
      },
    })),
  ]);

  function drawRuns(): void {
    runs.update(lines, live?.head.runId, ahead + performance.now());
    const runId = live?.head.runId;
    say(title, live?.timeline.workflow.name ?? 'millrace');
    title.title = runId ?? '';
    const status = live?.status ?? 'idle';
    say(state, live === undefined ? 'no run as yet' : status);
    state.className = `badge ${status}`;
    if (live !== undefined) bar.update(live);
    document.title = titleOf(live);
  }

  function choose(runId: string): void {
    chosen = runId;
    parameters.set('run', runId);
    history.replaceState(null, '', `#${parameters.toString()}`);
    open();
  }

  function open(): void {
    source?.close();
    source = new EventSource(chosen === '' ? path : `${path}?run=${encodeURIComponent(chosen)}`);
    source.addEventListener('open', () => {
      say(connection, 'live');
    });
    source.addEventListener('error', () => {
      say(connection, 'no connection: what is shown is the last that is known; trying again …');
    });
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      take(JSON.parse(data) as Sent);
    });
  }

  function take({ lines: newer, isAll, gone, run, frame }: Sent): void {
    if (isAll) lines.clear();
    for (const line of newer) lines.set(line.runId, line);
    for (const runId of gone) lines.delete(runId);
    if (run !== undefined) live = new LiveRun(run);
    if (frame !== undefined && live !== undefined) {
      const received = performance.now();
      live.add(frame, received);
      if (live.isUnderWay) ahead = frame.now - received;
      if (live.folded > mostFolded) open();
    }
    if (run === undefined) redraw.due();
    else redraw.now();
  }

  setInterval(() => {
    if (live?.isUnderWay !== true) return;
    live.tick(performance.now());
    redraw.due();
  }, tickMs);
  open();
}

/** How the run is, at a glance at the tab. */
function titleOf(live: LiveRun | undefined): string {
  if (live === undefined) return 'millrace';
  const { name } = live.timeline.workflow;
  const percent = `${String(Math.floor((live.latest?.fraction ?? 0) * 100))} %`;
  switch (live.status) {
    case 'running':
      return `${percent} · ${name}`;
    case 'paused':
    case 'stopping':
      return `${live.status} ${percent} · ${name}`;
    default:
      return `${live.status} · ${name}`;
  }
}

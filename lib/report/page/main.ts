import type { PageData } from '../report-page.ts';
import type { Timeline } from '../timeline.ts';
import { timelineOf } from '../timeline-of.ts';
import { answersView } from './answers-view.ts';
import { element } from './dom.ts';
import { follow } from './follow.ts';
import { ganttView } from './gantt-view.ts';
import { graphView } from './graph-view.ts';
import { pageData } from './page-data.ts';
import { remarksView } from './remarks-view.ts';
import type { View } from './section.ts';
import { listenToSteps } from './step-link.ts';
import { StepPanel } from './step-panel.ts';
import { stepsView } from './steps-view.ts';
import { usageView } from './usage-view.ts';

const main = document.getElementById('report') as HTMLElement;
const title = element('h1', {}, 'millrace');
const state = element('span', { class: 'badge', role: 'status' });
const tools = element('span', { class: 'tools' });

function begin(data: PageData): void {
  const log = 'logs' in data ? data.logs[0] : undefined;
  const { improvements, version } = 'logs' in data ? data : {};
  const panel = new StepPanel();
  const open = (stepId: string): void => {
    panel.open(stepId);
  };
  const remarks = remarksView();
  const views: readonly View[] = [
    answersView({ about: log?.about, improvements, version }),
    remarks,
    ganttView(open),
    graphView(),
    usageView(),
    stepsView(),
  ];
  const watched: readonly View[] = [...views, panel];
  main.append(element('header', {}, title, state, tools), ...views.map(({ root }) => root));
  document.body.append(panel.root);
  listenToSteps(open);
  if (!('logs' in data)) {
    follow(data.eventsPath, { main, title, state, tools, views: watched });
    return;
  }
  if (log === undefined) return;
  show(timelineOf(log), watched);
  // Of a run that is over nothing more is said.
  remarks.root.hidden = remarks.root.querySelector('.badge') === null;
}

function show(timeline: Timeline, views: readonly View[]): void {
  title.textContent = timeline.workflow.name;
  state.textContent = timeline.status;
  state.className = `badge ${timeline.status}`;
  for (const view of views) view.update(timeline);
}

void pageData().then(begin);

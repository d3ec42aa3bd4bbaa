import type { PageData } from '../report-page.ts';
import type { Timeline } from '../timeline.ts';
import { timelineOf } from '../timeline-of.ts';
import { element } from './dom.ts';
import { follow } from './follow.ts';
import { ganttView } from './gantt-view.ts';
import { graphView } from './graph-view.ts';
import { remarksView } from './remarks-view.ts';
import type { View } from './section.ts';
import { stepsView } from './steps-view.ts';
import { summaryView } from './summary-view.ts';
import { usageView } from './usage-view.ts';

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{"logs":[]}') as PageData;
const main = document.getElementById('report') as HTMLElement;

const title = element('h1', {}, 'millrace');
const state = element('span', { class: 'badge', role: 'status' });
const tools = element('span', { class: 'tools' });
const views: readonly View[] = [
  summaryView(),
  remarksView(),
  graphView(),
  ganttView(),
  usageView(),
  stepsView(),
];
main.append(element('header', {}, title, state, tools), ...views.map(({ root }) => root));

function show(timeline: Timeline): void {
  title.textContent = timeline.workflow.name;
  state.textContent = timeline.status;
  state.className = `badge ${timeline.status}`;
  for (const view of views) view.update(timeline);
}

if ('logs' in data) {
  const [log] = data.logs;
  if (log !== undefined) show(timelineOf(log));
} else {
  follow(data.eventsPath, { main, title, state, tools, views });
}

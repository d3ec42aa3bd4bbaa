import { javascript } from '@codemirror/lang-javascript';
import { basicSetup, EditorView } from 'codemirror';
import type { ProgressEvent, Run } from 'millrace';
import { element } from '../../../lib/report/page/dom.ts';
import { examples } from './examples.ts';
import { Gantt } from './gantt.ts';
import { loadWorkflow } from './load-workflow.ts';

/** As many events as are listed; older ones make room. */
const mostEvents = 300;

/** An editor with a workflow, and what its run does, until the page is left. */
export function playground(place: HTMLElement, first: string, left: AbortSignal): void {
  const editor = new EditorView({
    doc: examples[first]?.code ?? '',
    extensions: [
      basicSetup,
      javascript(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'The workflow' }),
    ],
  });
  const choice = element(
    'select',
    { 'aria-label': 'Example' },
    ...Object.entries(examples).map(([name, { title }]) =>
      element('option', { value: name, selected: name === first }, title),
    ),
  );
  const button = (text: string, onClick: () => void): HTMLButtonElement =>
    element('button', { type: 'button', onClick }, text);
  const status = element('p', { class: 'status', role: 'status' }, 'Run it, change it, cancel it.');
  const picture = element('div');
  const outcome = element('pre', { class: 'outcome', hidden: true });
  const events = element('ol', { class: 'events', tabindex: '0', 'aria-label': 'Events' });
  let current: Run | undefined;

  const runs = button('Run', () => void start());
  const cancels = button('Cancel', () => current?.cancel('cancelled by a button'));
  const pauses = button('Pause', () => {
    if (pauses.textContent === 'Pause') current?.pause();
    else current?.resume();
  });
  const enable = (isRunning: boolean): void => {
    cancels.disabled = !isRunning;
    pauses.disabled = !isRunning;
    pauses.textContent = 'Pause';
  };
  const tell = (state: 'running' | 'done' | 'failed', text: string): void => {
    status.textContent = text;
    status.dataset['state'] = state;
  };
  const show = (text: string): void => {
    outcome.hidden = false;
    outcome.textContent = text;
  };

  async function start(): Promise<void> {
    current?.cancel('run anew');
    outcome.hidden = true;
    events.replaceChildren();
    let run: Run;
    try {
      const { workflow, options } = await loadWorkflow(editor.state.doc.toString());
      run = workflow.run(options);
    } catch (error) {
      tell('failed', 'This is no workflow yet.');
      show(String(error));
      return;
    }
    current = run;
    const gantt = new Gantt();
    picture.replaceChildren(gantt.root);
    enable(true);
    tell('running', 'Running …');
    run.progress$.subscribe({
      next: (event) => {
        gantt.add(event);
        if (event.type === 'run-paused') pauses.textContent = 'Resume';
        if (event.type === 'run-resumed') pauses.textContent = 'Pause';
        events.append(element('li', {}, lineOf(event)));
        if (events.childElementCount > mostEvents) events.firstElementChild?.remove();
        events.scrollTop = events.scrollHeight;
      },
    });
    const draw = (): void => {
      gantt.draw(Date.now());
      if (run === current && run.snapshot().endedAt === null) requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    try {
      const outputs = await run.result();
      if (run !== current) return;
      tell('done', `Completed in ${tookText(run)}.`);
      show(JSON.stringify(outputs, undefined, 2));
    } catch (error) {
      if (run !== current) return;
      tell('failed', `${run.token.isCancelled ? 'Cancelled' : 'Failed'} after ${tookText(run)}.`);
      show(String(error));
    }
    gantt.draw(Date.now());
    enable(false);
  }

  choice.addEventListener('change', () => {
    const code = examples[choice.value]?.code ?? '';
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: code } });
  });
  left.addEventListener('abort', () => {
    current?.cancel('the page was left');
    editor.destroy();
  });
  enable(false);
  place.replaceChildren(
    element('div', { class: 'controls' }, choice, runs, pauses, cancels),
    editor.dom,
    element('div', { class: 'seen' }, status, picture, outcome, events),
  );
}

function tookText(run: Run): string {
  const { startedAt, endedAt } = run.snapshot();
  return `${(((endedAt ?? Date.now()) - (startedAt ?? 0)) / 1_000).toFixed(2)} s`;
}

function lineOf(event: ProgressEvent): string {
  const { type } = event;
  const who = 'stepId' in event && event.stepId !== '' ? ` ${event.stepId}` : '';
  switch (event.type) {
    case 'step-progress':
      return `${type}${who} ${String(Math.round(event.fraction * 100))} %`;
    case 'step-retrying':
      return `${type}${who} in ${String(event.delayMs)} ms: ${String(event.error)}`;
    case 'step-failed':
    case 'run-failed':
      return `${type}${who}: ${String(event.error)}`;
    case 'log':
    case 'warning':
      return `${type}${who}: ${event.message}`;
    default:
      return `${type}${who}`;
  }
}

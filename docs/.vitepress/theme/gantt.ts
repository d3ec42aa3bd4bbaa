import type { ProgressEvent } from 'millrace';
import { element } from '../../../lib/report/page/dom.ts';

type Fate = 'running' | 'completed' | 'failed' | 'cancelled' | 'retrying';

interface Bar {
  readonly startedAt: number;
  endedAt: number | undefined;
  fate: Fate;
  fraction: number;
}

/** What is told of a bar's end beside its colour. */
const marks: Readonly<Record<Fate, string>> = {
  running: '▸',
  completed: '✓',
  failed: '✗',
  cancelled: '⊘',
  retrying: '↻',
};
const mostRows = 200;

/** The attempts of a run as bars, a row a step, while they run. */
export class Gantt {
  readonly root = element('div', { class: 'gantt', role: 'img', 'aria-label': 'When each step ran' });
  readonly #rows = new Map<string, { readonly row: HTMLElement; readonly bars: Bar[] }>();
  #startedAt = 0;
  #endedAt: number | undefined;

  /** Takes note of what has happened. */
  add(event: ProgressEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#startedAt = event.at;
        break;
      case 'step-started':
        this.#barsOf(event.stepId)?.push({
          startedAt: event.at,
          endedAt: undefined,
          fate: 'running',
          fraction: 0,
        });
        break;
      case 'step-progress': {
        const bar = this.#rows.get(event.stepId)?.bars.at(-1);
        if (bar !== undefined) bar.fraction = event.fraction;
        break;
      }
      case 'step-retrying':
        this.#end(event.stepId, event.at, 'retrying');
        break;
      case 'step-completed':
        this.#end(event.stepId, event.at, 'completed');
        break;
      case 'step-failed':
        this.#end(event.stepId, event.at, 'failed');
        break;
      case 'step-cancelled':
        this.#end(event.stepId, event.at, 'cancelled');
        break;
      case 'run-completed':
      case 'run-failed':
      case 'run-cancelled':
        this.#endedAt = event.at;
        break;
    }
  }

  /** Draws what there is, up to now. */
  draw(now: number): void {
    const end = this.#endedAt ?? now;
    const span = Math.max(end - this.#startedAt, 1);
    const at = (time: number): string => `${String(((time - this.#startedAt) / span) * 100)}%`;
    for (const { row, bars } of this.#rows.values())
      row.replaceChildren(
        ...bars.map(({ startedAt, endedAt, fate, fraction }) => {
          const took = Math.round((endedAt ?? end) - startedAt);
          const part = fate === 'running' && fraction > 0 ? `, ${String(Math.round(fraction * 100))} %` : '';
          const bar = element(
            'span',
            { class: `bar ${fate}`, title: `${fate}${part}: ${String(took)} ms` },
            `${marks[fate]} ${String(took)} ms${part}`,
          );
          bar.style.left = at(startedAt);
          bar.style.width = `calc(${at((endedAt ?? end) - startedAt + this.#startedAt)} - 1px)`;
          return bar;
        }),
      );
  }

  #end(stepId: string, at: number, fate: Fate): void {
    const bar = this.#rows.get(stepId)?.bars.at(-1);
    if (bar === undefined || bar.endedAt !== undefined) return;
    bar.endedAt = at;
    bar.fate = fate;
  }

  #barsOf(stepId: string): Bar[] | undefined {
    const known = this.#rows.get(stepId);
    if (known !== undefined) return known.bars;
    if (this.#rows.size === mostRows) return undefined;
    const bars: Bar[] = [];
    const row = element('div', { class: 'bars' });
    this.#rows.set(stepId, { row, bars });
    this.root.append(
      element('div', { class: 'row' }, element('span', { class: 'name', title: stepId }, stepId), row),
    );
    return bars;
  }
}

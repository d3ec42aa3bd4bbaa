// Long because what is drawn, where it is and what a key or a pointer does to it are one picture.
import { settledOf } from '../../observe/descent.ts';
import { durationText } from '../duration-text.ts';
import { timeTicks } from '../ticks.ts';
import type { Timeline } from '../timeline.ts';
import { clipped } from './clipped.ts';
import { element, styleOf } from './dom.ts';
import { type Bar, type Bars, barsOf, hasWorkers, type RowsBy } from './gantt-bars.ts';
import { section, type View } from './section.ts';

const widestLabels = 130;
const axisHeight = 22;
const tallestLane = 20;
const lowestLane = 4;
/** So high all lanes together are, while they needn't be lower than can be seen. */
const usualHeight = 520;
/** A canvas has an end. */
const mostHeight = 16_000;
/** Fan-outs are unfolded from the beginning while they are so few, and all that came of them is. */
const fewHosts = 3;
const fewWithin = 3_000;

const help =
  'Arrow keys go from bar to bar, Enter opens a step, + and − zoom, 0 shows all, Shift and an arrow move. With a pointer: drag, and Ctrl and the wheel.';

/** The attempts over time, a row a lane of their resource class, and of what came of a step where that is unfolded. */
export function ganttView(open: (stepId: string) => void): View {
  const canvas = element('canvas', {
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'chart',
    'aria-describedby': 'gantt-help',
  });
  const told = element('p', { class: 'told', 'aria-live': 'polite' });
  const folds = element('span', { class: 'folds' });
  const by = element(
    'select',
    { 'aria-label': 'Rows' },
    element('option', { value: 'class' }, 'a row a lane of a class'),
    element('option', { value: 'worker' }, 'a row a worker'),
  );
  const button = (text: string, label: string, work: () => void): HTMLElement =>
    element('button', { type: 'button', 'aria-label': label, onClick: work }, text);
  const gantt = new Gantt(canvas, told, open);
  const tools = element(
    'p',
    { class: 'tools' },
    button('+', 'Zoom in', () => gantt.zoomIn()),
    button('−', 'Zoom out', () => gantt.zoomOut()),
    button('All', 'Show all of the run', () => gantt.showAll()),
    by,
    folds,
  );
  by.addEventListener('change', () => gantt.rowsBy(by.value as RowsBy));
  const root = section(
    'Attempts over time',
    tools,
    legend(),
    element('div', { class: 'gantt' }, canvas),
    told,
    element('p', { class: 'quiet', id: 'gantt-help' }, help),
  );
  return {
    root,
    update(timeline) {
      by.hidden = !hasWorkers(timeline);
      gantt.update(timeline);
      root.hidden = timeline.attempts.length === 0 && timeline.attemptsWithin.length === 0;
      folds.replaceChildren(...foldButtons(timeline, gantt));
    },
  };
}

function legend(): HTMLElement {
  const entries = [
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['running', 'running'],
    ['critical', 'on the critical path'],
  ] as const;
  return element(
    'ul',
    { class: 'legend', 'aria-label': 'What colours and marks mean' },
    ...entries.map(([name, text]) =>
      element('li', {}, element('span', { class: `swatch ${name}`, 'aria-hidden': 'true' }), text),
    ),
  );
}

/** More buttons than these nobody looks through. */
const mostFolds = 12;

function foldButtons(timeline: Timeline, gantt: Gantt): Node[] {
  const hosts = [...timeline.broughtBy.keys()].slice(0, mostFolds);
  return hosts.map((hostId) => {
    const counts = timeline.descent.countsOf(hostId);
    const many = timeline.broughtBy.get(hostId)?.length ?? 0;
    const failed = counts === undefined || counts.failed === 0 ? '' : `, ${String(counts.failed)} failed`;
    const isOpen = gantt.isUnfolded(hostId);
    const button = element(
      'button',
      { type: 'button', class: 'fold', 'aria-expanded': isOpen ? 'true' : 'false' },
      `${isOpen ? '▾' : '▸'} ${hostId} ×${String(many)}${failed}`,
    );
    button.addEventListener('click', () => {
      gantt.toggle(hostId);
      button.replaceWith(...foldButtons(timeline, gantt).filter((_, place) => hosts[place] === hostId));
    });
    return button;
  });
}

class Gantt {
  readonly #canvas: HTMLCanvasElement;
  readonly #told: HTMLElement;
  readonly #open: (stepId: string) => void;
  #timeline: Timeline | undefined;
  #bars: Bars = { rows: [], bands: [], count: 0 };
  #by: RowsBy = 'class';
  #unfolded: Set<string> | undefined;
  #critical = new Set<string>();
  #selected: Bar | undefined;
  /** What part of the run is shown, as shares of it. */
  #shown = { from: 0, to: 1 };
  #dragged: { readonly from: number; x: number } | undefined;
  #labelWidth = widestLabels;

  constructor(canvas: HTMLCanvasElement, told: HTMLElement, open: (stepId: string) => void) {
    this.#canvas = canvas;
    this.#told = told;
    this.#open = open;
    new ResizeObserver(() => this.#draw()).observe(canvas.parentElement ?? canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    // On paper there is another width.
    addEventListener('beforeprint', () => this.#draw());
    canvas.addEventListener('keydown', (event) => this.#onKey(event));
    canvas.addEventListener('focus', () => this.#draw());
    canvas.addEventListener('blur', () => this.#draw());
    canvas.addEventListener(
      'wheel',
      (event) => {
        // A page must scroll past it; zooming takes the key that zooms everywhere.
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#shareAt(event.offsetX));
      },
      { passive: false },
    );
    canvas.addEventListener('pointerdown', (event) => {
      this.#dragged = { from: event.offsetX, x: event.offsetX };
    });
    canvas.addEventListener('pointerup', (event) => {
      const isTap = this.#dragged !== undefined && Math.abs(this.#dragged.from - event.offsetX) < 4;
      this.#dragged = undefined;
      if (isTap) this.#tap(event);
    });
    for (const type of ['pointerleave', 'pointercancel'] as const)
      canvas.addEventListener(type, () => {
        this.#dragged = undefined;
      });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#dragged === undefined) {
        this.#tell(this.#barAt(event.offsetX, event.offsetY));
        return;
      }
      this.#move((this.#dragged.x - event.offsetX) / Math.max(1, canvas.clientWidth - this.#labelWidth));
      this.#dragged.x = event.offsetX;
    });
  }

  update(timeline: Timeline): void {
    if (this.#timeline !== timeline) this.#unfolded = undefined;
    this.#timeline = timeline;
    const hosts = [...timeline.broughtBy.keys()].filter((id) => timeline.steps.has(id));
    const isSmall = hosts.length <= fewHosts && timeline.attemptsWithin.length <= fewWithin;
    this.#unfolded ??= new Set(isSmall ? hosts : []);
    this.#critical = new Set(timeline.criticalPath());
    this.#layOut();
  }

  isUnfolded(hostId: string): boolean {
    return this.#unfolded?.has(hostId) === true;
  }

  toggle(hostId: string): void {
    if (this.#unfolded?.delete(hostId) === false) this.#unfolded.add(hostId);
    this.#layOut();
  }

  rowsBy(by: RowsBy): void {
    this.#by = by;
    this.#layOut();
  }

  zoomIn(): void {
    this.#zoom(0.6, this.#middle);
  }

  zoomOut(): void {
    this.#zoom(1 / 0.6, this.#middle);
  }

  showAll(): void {
    this.#zoom(Infinity, 0.5);
  }

  #layOut(): void {
    const timeline = this.#timeline;
    if (timeline === undefined) return;
    this.#bars = barsOf(timeline, this.#by, this.#unfolded ?? new Set());
    const selected = this.#selected?.span;
    this.#selected = this.#bars.rows.flat().find(({ span }) => span === selected);
    const text = `${String(this.#bars.count)} attempts in ${String(this.#bars.rows.length)} rows`;
    this.#canvas.setAttribute('aria-label', text);
    this.#draw();
  }

  get #middle(): number {
    return (this.#shown.from + this.#shown.to) / 2;
  }

  get #laneHeight(): number {
    const count = Math.max(1, this.#bars.rows.length);
    const usual = Math.max(lowestLane, Math.min(tallestLane, (usualHeight - axisHeight) / count));
    return Math.min(usual, (mostHeight - axisHeight) / count);
  }

  #range(): { from: number; length: number } {
    const start = this.#timeline?.startedAt ?? 0;
    const end = this.#timeline?.endedAt ?? this.#timeline?.now ?? start;
    const total = Math.max(end - start, 0.001);
    return { from: start + this.#shown.from * total, length: (this.#shown.to - this.#shown.from) * total };
  }

  #draw(): void {
    const canvas = this.#canvas;
    const width = canvas.parentElement?.clientWidth ?? 0;
    const lane = this.#laneHeight;
    const height = Math.ceil(this.#bars.rows.length * lane + axisHeight);
    const context = canvas.getContext('2d');
    if (width === 0 || context === null) return;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.width = `${String(width)}px`;
    canvas.style.height = `${String(height)}px`;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    this.#labelWidth = Math.min(widestLabels, width * 0.25);
    this.#drawAxis(context, width, height);
    context.save();
    context.beginPath();
    context.rect(this.#labelWidth, 0, width - this.#labelWidth, height);
    context.clip();
    this.#drawBars(context, width);
    context.restore();
    this.#drawLabels(context, width);
  }

  #drawBars(context: CanvasRenderingContext2D, width: number): void {
    const lane = this.#laneHeight;
    const { from, length } = this.#range();
    const perMs = (width - this.#labelWidth) / length;
    const names = [
      'completed',
      'failed',
      'cancelled',
      'running',
      'critical',
      'on-bar',
      'background',
      'text',
    ] as const;
    const colours = Object.fromEntries(names.map((name) => [name, styleOf(`--${name}`)])) as Record<
      (typeof names)[number],
      string
    >;
    const high = lane - (lane > 8 ? 3 : lane > 5 ? 1 : 0.5);
    const isDrawn = (bar: Bar): boolean => bar.to >= from && bar.span.from <= from + length;
    const place = (bar: Bar): { x: number; y: number; w: number } => {
      const x = this.#labelWidth + (bar.span.from - from) * perMs;
      // Neighbours keep a line between them.
      const w = Math.max(1, (bar.to - bar.span.from) * perMs - 1);
      return { x, y: axisHeight + bar.row * lane, w };
    };
    const telling: Bar[] = [];
    for (const row of this.#bars.rows) {
      let drawnTo = -Infinity;
      for (const bar of row) {
        if (!isDrawn(bar)) continue;
        if (bar.span.outcome !== 'completed' || this.#critical.has(bar.span.stepId)) {
          telling.push(bar);
          continue;
        }
        const { x, y, w } = place(bar);
        // What falls on what is drawn can't be seen.
        if (x + w <= drawnTo) continue;
        drawnTo = Math.ceil(x + w);
        context.fillStyle = colours.completed;
        context.fillRect(x, y, w, high);
        this.#drawText(context, bar, { x, y, w }, high, colours['on-bar']);
      }
    }
    // Those that are looked for are never under others.
    for (const bar of telling) {
      const { x, y, w } = place(bar);
      const wide = Math.max(2, w);
      const { outcome, stepId } = bar.span;
      context.fillStyle = colours[outcome];
      context.fillRect(x, y, wide, high);
      if (outcome !== 'completed' && wide > 3)
        hatch(context, { x, y, w: wide, h: high }, outcome, colours['on-bar']);
      if (this.#critical.has(stepId)) {
        context.fillStyle = colours.critical;
        const thick = Math.max(1.5, Math.min(3.5, lane / 4));
        context.fillRect(x, y + high - thick, wide, thick);
      }
      this.#drawText(context, bar, { x, y, w: wide }, high, colours['on-bar']);
    }
    if (this.#selected !== undefined && isDrawn(this.#selected)) {
      const { x, y, w } = place(this.#selected);
      context.lineWidth = 2;
      context.strokeStyle = colours.text;
      context.strokeRect(x - 1.5, y - 1, w + 3, high + 2);
    }
  }

  #drawText(
    context: CanvasRenderingContext2D,
    { span: { stepId, outcome } }: Bar,
    { x, y, w }: { readonly x: number; readonly y: number; readonly w: number },
    high: number,
    colour: string,
  ): void {
    const left = Math.max(x, this.#labelWidth);
    const room = x + w - left - 8;
    if (high < 11 || room < 24) return;
    context.fillStyle = colour;
    const mark = outcome === 'failed' ? '✗ ' : outcome === 'cancelled' ? '■ ' : '';
    const many = this.#timeline?.broughtBy.get(stepId)?.length;
    const text = `${mark}${stepId}${many === undefined ? '' : ` ×${String(many)}`}`;
    context.fillText(clipped(context, text, room), left + 4, y + high / 2 + 0.5);
  }

  #drawLabels(context: CanvasRenderingContext2D, width: number): void {
    const lane = this.#laneHeight;
    let lowest = 0;
    for (const { name, row, hostId } of this.#bars.bands) {
      const top = axisHeight + row * lane;
      context.strokeStyle = styleOf('--line');
      context.beginPath();
      context.moveTo(0, top - 1);
      context.lineTo(width, top - 1);
      context.stroke();
      const y = Math.max(top + Math.min(8, lane / 2 + 2), lowest);
      lowest = y + 14;
      context.fillStyle = styleOf(hostId === undefined ? '--text' : '--quiet');
      const text = hostId === undefined ? name : `└ ${name}`;
      context.fillText(clipped(context, text, this.#labelWidth - 8), 0, y);
    }
  }

  #drawAxis(context: CanvasRenderingContext2D, width: number, height: number): void {
    const { from, length } = this.#range();
    const start = this.#timeline?.startedAt ?? 0;
    const room = width - this.#labelWidth;
    context.lineWidth = 1;
    context.strokeStyle = styleOf('--line');
    context.fillStyle = styleOf('--quiet');
    for (const { value, text } of timeTicks(from - start, from - start + length, Math.max(1, room / 95))) {
      const x = this.#labelWidth + ((value + start - from) / length) * room;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.stroke();
      if (x + 6 + context.measureText(text).width < width) context.fillText(text, x + 4, axisHeight / 2);
    }
  }

  #shareAt(x: number): number {
    const share = (x - this.#labelWidth) / Math.max(1, this.#canvas.clientWidth - this.#labelWidth);
    return this.#shown.from + share * (this.#shown.to - this.#shown.from);
  }

  #zoom(factor: number, around: number): void {
    const { from, to } = this.#shown;
    const length = Math.min(1, Math.max(1e-6, (to - from) * factor));
    const share = (around - from) / (to - from);
    const start = Math.min(1 - length, Math.max(0, around - share * length));
    this.#shown = { from: start, to: start + length };
    this.#draw();
  }

  #move(by: number): void {
    const length = this.#shown.to - this.#shown.from;
    const from = Math.min(1 - length, Math.max(0, this.#shown.from + by * length));
    this.#shown = { from, to: from + length };
    this.#draw();
  }

  #onKey(event: KeyboardEvent): void {
    const along = (by: number) => (): void => {
      if (event.shiftKey) this.#move(0.1 * by);
      else this.#step(by);
    };
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => this.zoomIn(),
      '=': () => this.zoomIn(),
      '-': () => this.zoomOut(),
      '0': () => this.showAll(),
      ArrowLeft: along(-1),
      ArrowRight: along(1),
      ArrowUp: () => this.#changeRow(-1),
      ArrowDown: () => this.#changeRow(1),
      Enter: () => {
        if (this.#selected !== undefined) this.#open(this.#selected.span.stepId);
      },
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  /** To the next bar of the row. */
  #step(by: number): void {
    const { rows } = this.#bars;
    const row = rows[this.#selected?.row ?? 0] ?? [];
    const place = this.#selected === undefined ? -1 : row.indexOf(this.#selected);
    this.#select(row[Math.max(0, Math.min(row.length - 1, place + by))]);
  }

  /** To the bar of another row that is at the same time. */
  #changeRow(by: number): void {
    const { rows } = this.#bars;
    const now = this.#selected;
    const row = rows[now === undefined ? 0 : Math.max(0, Math.min(rows.length - 1, now.row + by))] ?? [];
    this.#select(row.findLast(({ span }) => now === undefined || span.from <= now.span.from) ?? row[0]);
  }

  #select(bar: Bar | undefined): void {
    if (bar === undefined) return;
    this.#selected = bar;
    const { from, length } = this.#range();
    if (bar.to < from || bar.span.from > from + length) {
      const start = this.#timeline?.startedAt ?? 0;
      const total = length / (this.#shown.to - this.#shown.from);
      const share = ((bar.span.from + bar.to) / 2 - start) / total;
      this.#move((share - this.#middle) / (this.#shown.to - this.#shown.from));
    }
    const top = axisHeight + bar.row * this.#laneHeight;
    const holder = this.#canvas.parentElement;
    if (holder !== null && (top < holder.scrollTop || top > holder.scrollTop + holder.clientHeight - 30))
      holder.scrollTop = top - holder.clientHeight / 2;
    this.#draw();
    this.#tell(bar);
  }

  #tap(event: PointerEvent): void {
    const bar = this.#barAt(event.offsetX, event.offsetY);
    if (bar === undefined) return;
    this.#select(bar);
    this.#open(bar.span.stepId);
  }

  #barAt(x: number, y: number): Bar | undefined {
    if (x < this.#labelWidth) return undefined;
    const { from, length } = this.#range();
    const at =
      from + ((x - this.#labelWidth) / Math.max(1, this.#canvas.clientWidth - this.#labelWidth)) * length;
    const slack = (2 * length) / this.#canvas.clientWidth;
    const row = this.#bars.rows[Math.floor((y - axisHeight) / this.#laneHeight)] ?? [];
    const near = row.filter(({ span, to }) => span.from - slack <= at && at <= to + slack);
    return near.find(({ span, to }) => span.from <= at && at <= to) ?? near[0];
  }

  #tell(bar: Bar | undefined): void {
    const timeline = this.#timeline;
    if (bar === undefined || timeline === undefined) return;
    const { stepId, attempt, outcome, from, to, thread } = bar.span;
    const duration = durationText((to ?? timeline.now) - from);
    const story = to === undefined ? timeline.steps.get(stepId) : undefined;
    const fraction = story === undefined ? undefined : timeline.fractionOf(story);
    const share = fraction === undefined ? '' : ` ${String(Math.floor(fraction * 100))} %`;
    const counts = timeline.descent.countsOf(stepId);
    const many =
      counts === undefined ? '' : `, ${String(settledOf(counts))} of ${String(counts.added)} steps`;
    const on = thread === undefined ? '' : `, ${thread}`;
    this.#told.textContent = `${stepId}, attempt ${String(attempt)}: ${outcome}${share}, ${duration}, from ${durationText(from - (timeline.startedAt ?? 0))}${many}${on}`;
  }
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Lines across, so that no colour has to tell: one way where it failed, the other where it was cancelled, at the end where it goes on. */
function hatch(
  context: CanvasRenderingContext2D,
  { x, y, w, h }: Box,
  outcome: 'failed' | 'cancelled' | 'running',
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  context.beginPath();
  if (outcome === 'running') {
    for (const at of [2, 5]) {
      context.moveTo(x + w - at, y);
      context.lineTo(x + w - at, y + h);
    }
  } else {
    // What is wider than the screen has no more lines than fit on it.
    const from = Math.max(x, 0);
    const slope = outcome === 'failed' ? h : -h;
    for (let at = from - h; at < Math.min(x + w, 5_000) + h; at += 7) {
      context.moveTo(at, y + h);
      context.lineTo(at + slope, y);
    }
  }
  context.stroke();
  context.restore();
}

import type { AttemptSpan } from '../attempt-spans.ts';
import { durationText } from '../duration-text.ts';
import { laneClass, lanesOf } from '../lanes.ts';
import type { Timeline } from '../timeline.ts';
import { clipped } from './clipped.ts';
import { element, styleOf } from './dom.ts';
import { section, type View } from './section.ts';

const labelWidth = 110;
const axisHeight = 20;
const tallestLane = 18;
const highest = 900;

interface Bar {
  readonly span: AttemptSpan;
  readonly row: number;
}

/** The attempts over time, a row a lane of their resource class. Wheel or +/− zoom, drag or arrows move. */
export function ganttView(): View {
  const canvas = element('canvas', { tabindex: 0, role: 'img' });
  const told = element('p', { class: 'quiet told', 'aria-live': 'polite' });
  const gantt = new Gantt(canvas, told);
  const root = section(
    'Attempts over time',
    element(
      'p',
      { class: 'quiet' },
      'Focus the chart: + and − zoom, ← and → move, 0 shows all. Point at a bar to read it.',
    ),
    element('div', { class: 'gantt' }, canvas),
    told,
  );
  return {
    root,
    update(timeline) {
      gantt.update(timeline);
    },
  };
}

class Gantt {
  readonly #canvas: HTMLCanvasElement;
  readonly #told: HTMLElement;
  #timeline: Timeline | undefined;
  #bars: Bar[] = [];
  #labels: { readonly name: string; readonly row: number }[] = [];
  #rows = 0;
  #critical = new Set<string>();
  /** What part of the run is shown, as shares of it. */
  #shown = { from: 0, to: 1 };
  #dragged: number | undefined;

  constructor(canvas: HTMLCanvasElement, told: HTMLElement) {
    this.#canvas = canvas;
    this.#told = told;
    new ResizeObserver(() => this.#draw()).observe(canvas.parentElement ?? canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    canvas.addEventListener('keydown', (event) => this.#onKey(event));
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
      this.#dragged = event.offsetX;
    });
    canvas.addEventListener('pointerup', () => {
      this.#dragged = undefined;
    });
    canvas.addEventListener('pointerleave', () => {
      this.#dragged = undefined;
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#dragged === undefined) {
        this.#tell(event.offsetX, event.offsetY);
        return;
      }
      this.#move((this.#dragged - event.offsetX) / Math.max(1, canvas.clientWidth - labelWidth));
      this.#dragged = event.offsetX;
    });
  }

  update(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#critical = new Set(timeline.criticalPath());
    const byClass = new Map<string, AttemptSpan[]>();
    for (const span of timeline.attempts) {
      const name = laneClass(span.demand);
      const spans = byClass.get(name);
      if (spans === undefined) byClass.set(name, [span]);
      else spans.push(span);
    }
    this.#bars = [];
    this.#labels = [];
    let row = 0;
    for (const [name, spans] of byClass) {
      const lanes = lanesOf(spans.map(({ from, to }) => ({ from, to: to ?? timeline.now })));
      this.#labels.push({ name, row });
      spans.forEach((span, place) => this.#bars.push({ span, row: row + (lanes[place] ?? 0) }));
      row += lanes.reduce((most, lane) => Math.max(most, lane + 1), 0);
    }
    this.#rows = row;
    this.#canvas.setAttribute('aria-label', `${String(this.#bars.length)} attempts in ${String(row)} lanes`);
    this.#draw();
  }

  get #laneHeight(): number {
    return Math.max(2, Math.min(tallestLane, (highest - axisHeight) / Math.max(1, this.#rows)));
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
    const height = this.#rows * this.#laneHeight + axisHeight;
    const context = canvas.getContext('2d');
    if (width === 0 || context === null) return;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.width = `${String(width)}px`;
    canvas.style.height = `${String(height)}px`;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const { from, length } = this.#range();
    const perMs = (width - labelWidth) / length;
    this.#drawAxis(context, width, height);
    const lane = this.#laneHeight;
    const gap = lane > 6 ? 2 : 0;
    context.save();
    context.beginPath();
    context.rect(labelWidth, 0, width - labelWidth, height);
    context.clip();
    for (const { span, row } of this.#bars) {
      const x = labelWidth + (span.from - from) * perMs;
      const w = Math.max(1, ((span.to ?? this.#timeline?.now ?? span.from) - span.from) * perMs);
      if (x > width || x + w < labelWidth) continue;
      const y = axisHeight + row * lane;
      context.fillStyle = styleOf(`--${span.outcome}`);
      context.fillRect(x, y, w, lane - gap);
      if (this.#critical.has(span.stepId)) {
        context.fillStyle = styleOf('--critical');
        context.fillRect(x, y + lane - gap - Math.min(3, lane / 3), w, Math.min(3, lane / 3));
      }
      if (lane >= 12 && w > 30) {
        context.fillStyle = styleOf('--on-bar');
        context.fillText(clipped(context, span.stepId, w - 8), x + 4, y + (lane - gap) / 2);
      }
    }
    context.restore();
    context.fillStyle = styleOf('--text');
    let lowest = 0;
    for (const { name, row } of this.#labels) {
      const y = Math.max(axisHeight + row * lane + 7, lowest);
      lowest = y + 13;
      context.fillText(clipped(context, name, labelWidth - 8), 0, y);
    }
  }

  #drawAxis(context: CanvasRenderingContext2D, width: number, height: number): void {
    const { from, length } = this.#range();
    const start = this.#timeline?.startedAt ?? 0;
    const count = Math.max(1, Math.floor((width - labelWidth) / 110));
    const unit = niceUnit(length / count);
    context.fillStyle = styleOf('--quiet');
    context.strokeStyle = styleOf('--line');
    for (let tick = Math.ceil((from - start) / unit) * unit; tick <= from - start + length; tick += unit) {
      const x = labelWidth + ((tick + start - from) / length) * (width - labelWidth);
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.stroke();
      if (x < width - 50) context.fillText(durationText(tick), x + 3, axisHeight / 2);
    }
  }

  #shareAt(x: number): number {
    const share = (x - labelWidth) / Math.max(1, this.#canvas.clientWidth - labelWidth);
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
    const middle = (this.#shown.from + this.#shown.to) / 2;
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => this.#zoom(0.7, middle),
      '=': () => this.#zoom(0.7, middle),
      '-': () => this.#zoom(1.4, middle),
      '0': () => this.#zoom(Infinity, 0.5),
      ArrowLeft: () => this.#move(-0.1),
      ArrowRight: () => this.#move(0.1),
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  #tell(x: number, y: number): void {
    const { from, length } = this.#range();
    const at = from + ((x - labelWidth) / Math.max(1, this.#canvas.clientWidth - labelWidth)) * length;
    const row = Math.floor((y - axisHeight) / this.#laneHeight);
    const slack = length / this.#canvas.clientWidth;
    const bar = this.#bars.find(
      ({ span, row: other }) =>
        other === row && span.from - slack <= at && at <= (span.to ?? this.#timeline?.now ?? at) + slack,
    );
    if (bar === undefined) return;
    const { stepId, attempt, outcome, from: begin, to } = bar.span;
    const duration = durationText((to ?? this.#timeline?.now ?? begin) - begin);
    const story = to === undefined ? this.#timeline?.steps.get(stepId) : undefined;
    const fraction = story === undefined ? undefined : this.#timeline?.fractionOf(story);
    const share = fraction === undefined ? '' : ` ${String(Math.floor(fraction * 100))} %`;
    this.#told.textContent = `${stepId}, attempt ${String(attempt)}: ${outcome}${share}, ${duration}, from ${durationText(begin - (this.#timeline?.startedAt ?? 0))}`;
  }
}

function niceUnit(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((digit) => digit * power >= least) ?? 10) * power;
}

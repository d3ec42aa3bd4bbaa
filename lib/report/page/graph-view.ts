// Long because a drawn graph is laid out, drawn, unfolded and moved over in one state.
import { Graph as DagreGraph, layout as dagreLayout } from '@dagrejs/dagre';
import { type Diagram, type DiagramNode, diagramOf } from '../diagram.ts';
import { foldSteps } from '../fold-steps.ts';
import type { Timeline } from '../timeline.ts';
import { drawn, element } from './dom.ts';
import { section, type View } from './section.ts';
import { snapshotOf } from './snapshot-of.ts';

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface LayoutGraph {
  setGraph(label: object): void;
  setDefaultEdgeLabel(label: () => object): void;
  setNode(name: string, label: object): void;
  setEdge(from: string, to: string): void;
  graph(): { readonly width?: number; readonly height?: number };
  edge(from: string, to: string): { readonly points?: readonly { readonly x: number; readonly y: number }[] };
  node(name: string): Place;
}

// What is used of dagre, by name, so that the rest of it isn't bundled. Its own types don't resolve everywhere.
const Graph = DagreGraph as unknown as new () => LayoutGraph;
const layout = dagreLayout as unknown as (graph: LayoutGraph) => void;

/** Above so many steps they are folded. */
const mostNodes = 100;
/** So many that failed, and so many that are critical, are drawn by themselves. */
const mostFailed = 30;
const mostCritical = 12;
const lineHeight = 16;
const characterWidth = 7.2;
const longest = 32;
const leastScale = 0.15;
const mostScale = 3;
const fitsWell = 0.6;

/** The graph: steps, or what several are folded into, which unfolds by a click. */
export function graphView(): View {
  const holder = element('div', { class: 'graph' });
  const scaleText = element('span', { class: 'quiet', role: 'status' });
  const unfolded = new Set<string>();
  let structure: string | undefined;
  let shapes: ReadonlyMap<string, Shape> = new Map();
  let latest: Timeline | undefined;
  let picture: SVGSVGElement | undefined;
  let size = { width: 1, height: 1 };
  let scale = 1;

  function zoomTo(wanted: number): void {
    scale = Math.min(mostScale, Math.max(leastScale, wanted));
    picture?.setAttribute('width', String(size.width * scale));
    picture?.setAttribute('height', String(size.height * scale));
    scaleText.textContent = `${String(Math.round(scale * 100))} %`;
  }

  const fitting = (): number => Math.min(1, Math.max(1, holder.clientWidth) / size.width);

  function update(timeline: Timeline): void {
    if (latest !== timeline) unfolded.clear();
    latest = timeline;
    const shown = importantOf(timeline);
    const snapshot = { status: timeline.status, ...snapshotOf(timeline) };
    const options = { snapshot, collapseAbove: mostNodes };
    const diagram = diagramOf('the report', timeline.workflow, options, (steps, most) =>
      foldSteps(steps, most, { steps: shown, folds: unfolded }),
    );
    // A layout is made once a structure; else only colours and texts change.
    const key = `${String(timeline.runId)} ${diagram.nodes.map(({ id }) => id).join('\n')}`;
    if (key !== structure) {
      structure = key;
      const made = draw(diagram);
      ({ shapes } = made);
      ({ size } = made);
      picture = made.root;
      holder.replaceChildren(made.root);
      const fit = fitting();
      zoomTo(fit >= fitsWell ? fit : 1);
    }
    for (const node of diagram.nodes) {
      const shape = shapes.get(node.id);
      if (shape !== undefined) colour(shape, node);
    }
  }

  function toggle(key: string): void {
    if (!unfolded.delete(key)) unfolded.add(key);
    if (latest !== undefined) {
      const timeline = latest;
      update(timeline);
    }
    foldButton.hidden = unfolded.size === 0;
  }

  const foldOf = (event: Event): string | undefined =>
    (event.target instanceof Element ? event.target.closest('[data-fold]') : null)?.getAttribute(
      'data-fold',
    ) ?? undefined;
  holder.addEventListener('click', (event) => {
    const key = foldOf(event);
    if (key !== undefined) toggle(key);
  });
  holder.addEventListener('keydown', (event) => {
    const key = foldOf(event);
    if (key === undefined || (event.key !== 'Enter' && event.key !== ' ')) return;
    event.preventDefault();
    toggle(key);
  });
  const button = (text: string, label: string, work: () => void): HTMLElement =>
    element('button', { type: 'button', 'aria-label': label, onClick: work }, text);
  const foldButton = button('Fold all', 'Fold all steps that were unfolded', () => {
    unfolded.clear();
    foldButton.hidden = true;
    if (latest !== undefined) update(latest);
  });
  foldButton.hidden = true;
  const tools = element(
    'p',
    { class: 'tools' },
    button('+', 'Enlarge the graph', () => {
      zoomTo(scale * 1.3);
    }),
    button('−', 'Make the graph smaller', () => {
      zoomTo(scale / 1.3);
    }),
    button('Fit', 'Fit the graph to the page', () => {
      zoomTo(fitting());
    }),
    button('100 %', '100 %, show the graph at its own size', () => {
      zoomTo(1);
    }),
    scaleText,
    foldButton,
  );
  const hint = element(
    'p',
    { class: 'quiet' },
    'A click, or Enter, opens a step, and unfolds what several were folded into. Purple and thick: the critical path. Dashed: streams, branches and what a step can do without.',
  );
  return { root: section('Graph', tools, holder, hint), update };
}

/** The steps that are always drawn: those that failed, then those on the critical path that took longest. */
function importantOf(timeline: Timeline): ReadonlySet<string> {
  const failed = [...timeline.steps.values()].filter(
    ({ status }) => status === 'failed' || status === 'retrying',
  );
  const critical = timeline.criticalSteps().sort((left, right) => right.durationMs - left.durationMs);
  return new Set([
    ...failed.slice(0, mostFailed).map(({ info }) => info.id),
    ...critical.slice(0, mostCritical).map(({ id }) => id),
  ]);
}

interface Shape {
  readonly group: SVGGElement;
  readonly title: SVGTitleElement;
  readonly lines: readonly SVGTSpanElement[];
}

interface Picture {
  readonly root: SVGSVGElement;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly size: { readonly width: number; readonly height: number };
}

function draw(diagram: Diagram): Picture {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  diagram.nodes.forEach(({ lines, room }, place) => {
    const width = Math.max(...lines.map((line) => Math.min(longest, line.length)), 16) * characterWidth + 20;
    graph.setNode(String(place), { width, height: room * lineHeight + 14 });
  });
  for (const { from, to } of diagram.edges) graph.setEdge(String(from), String(to));
  layout(graph);
  const { width = 1, height = 1 } = graph.graph();
  const edges = diagram.edges.map(({ from, to, isCritical, as }) => {
    const { points = [] } = graph.edge(String(from), String(to));
    const d = points.map(({ x, y }, place) => `${place === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`);
    return drawn('path', {
      d: d.join(''),
      class: `edge${isCritical ? ' critical' : ''}${as === undefined ? '' : ' special'}`,
      'marker-end': 'url(#arrow)',
    });
  });
  const shapes = diagram.nodes.map((node, place): [string, Shape] => {
    const { x, y, width: w, height: h } = graph.node(String(place));
    return [node.id, shapeOf(node, x, y, w, h)];
  });
  const arrow = drawn(
    'marker',
    {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerUnits: 'userSpaceOnUse',
      markerWidth: 9,
      markerHeight: 9,
      orient: 'auto',
    },
    drawn('path', { d: 'M0 0L8 4L0 8z', class: 'arrow' }),
  );
  const root = drawn(
    'svg',
    {
      width,
      height,
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      role: 'group',
      'aria-label': 'Steps and dependencies',
    },
    drawn('defs', {}, arrow),
    ...edges,
    ...shapes.map(([, { group }]) => group),
  );
  return { root, shapes: new Map(shapes), size: { width, height } };
}

function shapeOf(
  { id, room, isGroup }: DiagramNode,
  x: number,
  y: number,
  width: number,
  height: number,
): Shape {
  const title = drawn('title');
  // A space between them is seen by nobody, and heard.
  const lines = Array.from({ length: room }, (_, line) =>
    drawn('tspan', {
      x,
      y: y + (line - (room - 1) / 2) * lineHeight + 4,
      class: line === 0 ? 'id' : 'quiet',
    }),
  );
  const rect = { x: x - width / 2, y: y - height / 2, width, height, rx: 5 };
  // What stands for several looks like several.
  const behind = isGroup ? [drawn('rect', { ...rect, x: rect.x + 4, y: rect.y + 4, class: 'behind' })] : [];
  const group = drawn(
    'g',
    {
      tabindex: 0,
      role: 'button',
      ...(isGroup
        ? { 'data-fold': id, 'aria-expanded': 'false' }
        : { 'data-step': id, 'aria-haspopup': 'dialog' }),
    },
    ...behind,
    drawn('rect', rect, title),
    drawn('text', {}, ...lines.flatMap((line) => [line, ' '])),
  );
  return { group, title, lines };
}

function colour({ group, title, lines }: Shape, node: DiagramNode): void {
  group.setAttribute('class', `node ${node.status ?? ''}${node.isCritical ? ' critical' : ''}`);
  group.setAttribute(
    'aria-description',
    `${node.lines.join(', ')}${node.isCritical ? ', on the critical path' : ''}`,
  );
  title.textContent = node.lines.join('\n');
  for (const [place, line] of lines.entries()) {
    // What there is no room for, such as a group's states, goes on the last line.
    const isLast = place === lines.length - 1 && place > 1;
    const text = isLast ? node.lines.slice(place).join(', ') : (node.lines[place] ?? '');
    line.textContent = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  }
}

import * as dagre from '@dagrejs/dagre';
import { type Diagram, type DiagramNode, diagramOf } from '../diagram.ts';
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

/** What is used of dagre, whose own types don't resolve everywhere. */
const { graphlib, layout } = dagre as unknown as {
  readonly graphlib: { readonly Graph: new () => LayoutGraph };
  readonly layout: (graph: LayoutGraph) => void;
};

/** A layout of more nodes than this takes seconds, and shows nothing. */
const mostNodes = 400;
const lineHeight = 16;
const characterWidth = 7.2;
const longest = 32;

/** The graph: steps, or groups where there are many. */
export function graphView(): View {
  const holder = element('div', {
    class: 'graph',
    tabindex: 0,
    role: 'group',
    'aria-label': 'The graph of steps',
  });
  let structure: string | undefined;
  let shapes: Shape[] = [];
  return {
    root: section('Graph', holder),
    update(timeline) {
      const diagram = diagramOf('the report', timeline.workflow, { snapshot: snapshotOf(timeline) });
      // The structure never changes, so a layout is made once; then only colours and texts do.
      const key = `${String(timeline.runId)} ${String(diagram.nodes.length)}`;
      if (key !== structure) {
        structure = key;
        const picture = draw(diagram);
        shapes = picture.shapes;
        holder.replaceChildren(picture.root);
      }
      diagram.nodes.forEach((node, place) => {
        const shape = shapes[place];
        if (shape !== undefined) colour(shape, node);
      });
    },
  };
}

interface Shape {
  readonly group: SVGGElement;
  readonly title: SVGTitleElement;
  readonly lines: readonly SVGTSpanElement[];
}

function draw(diagram: Diagram): { root: Node; shapes: Shape[] } {
  if (diagram.nodes.length > mostNodes) {
    const text = `${String(diagram.nodes.length)} nodes are too many to draw. Steps that have a group are drawn as one node.`;
    return { root: element('p', { class: 'quiet' }, text), shapes: [] };
  }
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  diagram.nodes.forEach(({ lines, room }, place) => {
    const width = Math.max(...lines.map((line) => Math.min(longest, line.length)), 16) * characterWidth + 20;
    graph.setNode(String(place), { width, height: room * lineHeight + 14 });
  });
  for (const { from, to } of diagram.edges) graph.setEdge(String(from), String(to));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const edges = diagram.edges.map(({ from, to, isCritical, as }) => {
    const { points = [] } = graph.edge(String(from), String(to));
    const d = points.map(({ x, y }, place) => `${place === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`);
    return drawn('path', {
      d: d.join(''),
      class: `edge${isCritical ? ' critical' : ''}${as === undefined ? '' : ' special'}`,
      'marker-end': 'url(#arrow)',
    });
  });
  const shapes = diagram.nodes.map((node, place) => {
    const { x, y, width: w, height: h } = graph.node(String(place));
    return shapeOf(node, x, y, w, h);
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
      role: 'img',
      'aria-label': 'Steps and dependencies',
    },
    drawn('defs', {}, arrow),
    ...edges,
    ...shapes.map(({ group }) => group),
  );
  return { root, shapes };
}

function shapeOf({ room }: DiagramNode, x: number, y: number, width: number, height: number): Shape {
  const title = drawn('title');
  const lines = Array.from({ length: room }, (_, line) =>
    drawn('tspan', {
      x,
      y: y + (line - (room - 1) / 2) * lineHeight + 4,
      class: line === 0 ? 'id' : 'quiet',
    }),
  );
  const rect = { x: x - width / 2, y: y - height / 2, width, height, rx: 5 };
  return { group: drawn('g', {}, title, drawn('rect', rect), drawn('text', {}, ...lines)), title, lines };
}

function colour({ group, title, lines }: Shape, node: DiagramNode): void {
  group.setAttribute('class', `node ${node.status ?? ''}${node.isCritical ? ' critical' : ''}`);
  title.textContent = node.lines.join('\n');
  for (const [place, line] of lines.entries()) {
    // What there is no room for, such as a group's states, goes on the last line.
    const isLast = place === lines.length - 1 && place > 1;
    const text = isLast ? node.lines.slice(place).join(', ') : (node.lines[place] ?? '');
    line.textContent = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  }
}

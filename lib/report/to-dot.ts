import { type DiagramEdge, type DiagramNode, type DiagramOptions, diagramOf } from './diagram.ts';
import { palette } from './palette.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';

/**
 * The graph of a workflow in DOT, the language of Graphviz.
 *
 * With a `snapshot`, nodes have the colour of their state and tell how long they took, and the critical path is
 * thick. A dependency that isn't simply waited for is dashed and says what it is. Ids may hold anything: nodes are named by number, and text is escaped. Linear in steps + dependencies.
 *
 * @throws InvalidOptionsError where the workflow is none, or an option can't be used
 * @example
 * ```ts
 * await writeFile('flights.dot', toDot(flights, { snapshot: run.snapshot() }));
 * ```
 */
export function toDot(workflow: PicturedWorkflow, options: DiagramOptions = {}): string {
  const { name, nodes, edges, direction } = diagramOf('toDot', workflow, options);
  return [
    `digraph ${quoted(name)} {`,
    `  rankdir=${direction === 'right' ? 'LR' : 'TB'};`,
    '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...nodes.map(nodeLine),
    ...edges.map(edgeLine),
    '}',
    '',
  ].join('\n');
}

function nodeLine({ lines, status, isGroup, isCritical }: DiagramNode, place: number): string {
  const attributes = [`label=${quoted(lines.join('\n'))}`];
  if (status !== undefined) {
    const { fill, stroke, text } = palette[status];
    attributes.push(`fillcolor="${fill}"`, `color="${stroke}"`, `fontcolor="${text}"`);
  }
  if (isGroup) attributes.push('peripheries=2');
  if (isCritical) attributes.push('penwidth=3');
  return `  n${String(place)} [${attributes.join(', ')}];`;
}

function edgeLine({ from, to, isCritical, as }: DiagramEdge): string {
  const attributes = isCritical ? ['penwidth=3'] : [];
  if (as !== undefined) attributes.push('style=dashed', `label="${as}"`);
  const text = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
  return `  n${String(from)} -> n${String(to)}${text};`;
}

/** Backslashes, entities and quotes are what means something within quotes; a NUL ends the file. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll('\0', '\u{fffd}')
    .replaceAll('\\', '\\\\')
    .replaceAll('&', '&amp;')
    .replaceAll('"', '\\"')
    .replaceAll(/\r\n?|\n/g, '\\n');
  return `"${escaped}"`;
}

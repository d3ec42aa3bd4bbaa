import { type DiagramNode, type DiagramOptions, diagramOf } from './diagram.ts';
import { type Palette, palette } from './palette.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';

/**
 * The graph of a workflow as a Mermaid flowchart, for Markdown files and pull requests.
 *
 * With a `snapshot`, nodes have the colour of their state and tell how long they took, and the critical path is
 * thick. A dependency that isn't simply waited for is dashed and says what it is. Ids may hold anything: nodes are named by number, and text is escaped. Linear in steps + dependencies.
 *
 * Mermaid itself refuses more than 500 edges unless its `maxEdges` says otherwise; `collapseAbove` keeps below that.
 *
 * @throws InvalidOptionsError where an option can't be used
 * @example
 * ```ts
 * const structure = toMermaid(flights);
 * const state = toMermaid(flights, { snapshot: run.snapshot(), direction: 'down' });
 * ```
 */
export function toMermaid(workflow: PicturedWorkflow, options: DiagramOptions = {}): string {
  const { nodes, edges, direction } = diagramOf('toMermaid', workflow, options);
  const lines = [`flowchart ${direction === 'right' ? 'LR' : 'TD'}`];
  nodes.forEach((node, place) => {
    lines.push(`  n${String(place)}${shape(node)}${node.status === undefined ? '' : `:::${node.status}`}`);
  });
  for (const { from, to, isCritical, as } of edges) {
    const arrow = isCritical ? '==>' : as === undefined ? '-->' : `-. ${as} .->`;
    lines.push(`  n${String(from)} ${arrow} n${String(to)}`);
  }
  for (const status of new Set(nodes.flatMap((node) => node.status ?? []))) lines.push(classLine(status));
  const critical = nodes.flatMap(({ isCritical }, place) => (isCritical ? `n${String(place)}` : []));
  if (critical.length > 0) {
    lines.push(`  classDef critical stroke-width:4px`, `  class ${critical.join(',')} critical`);
  }
  return `${lines.join('\n')}\n`;
}

function shape({ lines, isGroup }: DiagramNode): string {
  const text = `"${lines.map(escaped).join('<br/>')}"`;
  return isGroup ? `[[${text}]]` : `[${text}]`;
}

function classLine(status: keyof Palette): string {
  const { fill, stroke, text } = palette[status];
  return `  classDef ${status} fill:${fill},stroke:${stroke},color:${text}`;
}

/**
 * Mermaid knows entities by number, `#60;`, and nothing else is safe: backticks begin Markdown, `\n` a line,
 * and letters are letters. Whatever is neither a letter, a digit nor a plain mark becomes its number.
 */
function escaped(text: string): string {
  const escapedText = Array.from(text.replaceAll(/\r\n?|\n/g, ' '))
    .map((character) =>
      /[\p{L}\p{N} ,_]/u.test(character) ? character : `#${String(character.codePointAt(0))};`,
    )
    .join('');
  // A label that is blank would be no label.
  return escapedText.trim() === '' ? '#160;' : escapedText;
}

import { type Diagram, type DiagramNode, type DiagramOptions, diagramOf } from './diagram.ts';
import { type Palette, palette } from './palette.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';

/**
 * The graph of a workflow as a Mermaid flowchart, for Markdown files and pull requests.
 *
 * With a `snapshot`, nodes have the colour of their state and tell how long they took, and the critical path is
 * thick. A dependency that isn't simply waited for is dashed and says what it is. Ids may hold anything: nodes are named by number, and text is escaped. Linear in steps + dependencies.
 *
 * Mermaid itself refuses more than 50,000 characters: where there would be more, steps are folded into fewer nodes than `collapseAbove` says. And
 * it refuses more than 500 edges unless its `maxEdges` says otherwise.
 *
 * @throws InvalidOptionsError where the workflow is none, or an option can't be used
 * @example
 * ```ts
 * const structure = toMermaid(flights);
 * const state = toMermaid(flights, { snapshot: run.snapshot(), direction: 'down' });
 * ```
 */
export function toMermaid(workflow: PicturedWorkflow, options: DiagramOptions = {}): string {
  const text = flowchart(diagramOf('toMermaid', workflow, options));
  if (text.length <= longestText) return text;
  // Who asks for so many nodes gets as many as Mermaid draws.
  let { collapseAbove = mostNodes } = options;
  let shorter = text;
  for (
    collapseAbove = Math.min(collapseAbove, mostNodes);
    shorter.length > longestText && collapseAbove >= 1;
  ) {
    shorter = flowchart(diagramOf('toMermaid', workflow, { ...options, collapseAbove }));
    collapseAbove = Math.floor(collapseAbove / 2);
  }
  return shorter;
}

/** Mermaid refuses a longer text ("Maximum text size in diagram exceeded"). */
const longestText = 50_000;
const mostNodes = 200;

function flowchart({ nodes, edges, direction }: Diagram): string {
  const lines = [`flowchart ${direction === 'right' ? 'LR' : 'TD'}`];
  nodes.forEach((node, place) => {
    lines.push(`  n${String(place)}${shape(node)}${node.status === undefined ? '' : `:::${node.status}`}`);
  });
  for (const { from, to, isCritical, as } of edges) {
    const arrow = as !== undefined ? `-. ${as} .->` : isCritical ? '==>' : '-->';
    lines.push(`  n${String(from)} ${arrow} n${String(to)}`);
  }
  for (const status of new Set(nodes.flatMap((node) => node.status ?? []))) lines.push(classLine(status));
  const critical = nodes.flatMap(({ isCritical }, place) => (isCritical ? `n${String(place)}` : []));
  if (critical.length > 0) {
    lines.push(`  classDef critical stroke-width:4px`, `  class ${critical.join(',')} critical`);
  }
  // One arrow is either dashed or thick: what is both is dashed, and made thick by its number.
  const both = edges.flatMap(({ isCritical, as }, place) =>
    isCritical && as !== undefined ? [String(place)] : [],
  );
  if (both.length > 0) lines.push(`  linkStyle ${both.join(',')} stroke-width:4px`);
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
 * and letters are letters. Whatever is neither a letter, a digit nor a plain mark becomes its number; a hyphen is plain within a word, and
 * may begin a list or an arrow elsewhere.
 */
function escaped(text: string): string {
  const escapedText = text
    .replaceAll(/\r\n?|\n/g, ' ')
    .replaceAll(
      /(?!(?<=[\p{L}\p{N}_])-(?=[\p{L}\p{N}_]))[^\p{L}\p{N} ,_]/gu,
      (character) => `#${String(character.codePointAt(0))};`,
    );
  // A label that is blank would be no label.
  return escapedText.trim() === '' ? '#160;' : escapedText;
}

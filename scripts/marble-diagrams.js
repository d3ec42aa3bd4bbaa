/*
 * The marble diagrams of docs/operators.md. The same marbles are run through the operators in a test, which also says when a
 * picture is out of date: `npm run pictures` draws them anew.
 */

/** One picture: what goes in, what it goes through, what comes out. Blanks don't count. */
export const diagrams = [
  {
    file: 'merge-map-within.svg',
    operator: 'mergeMapWithin(2, project)',
    inputs: [
      { name: 'source', marbles: 'a-b-c----|' },
      { name: 'project(…)', marbles: '--x--y|' },
    ],
    output: '--x-xy-yx--y|',
  },
  {
    file: 'take-until-cancelled.svg',
    operator: 'takeUntilCancelled(token)',
    inputs: [
      { name: 'source', marbles: '-a-b-c-d-|' },
      { name: 'cancel', marbles: '------x' },
    ],
    output: '-a-b-c#',
  },
  {
    file: 'retry-with-backoff.svg',
    operator: 'retryWithBackoff({ attempts: 3, delay: 4, factor: 2, jitter: 0 })',
    inputs: [{ name: 'each attempt', marbles: '-a#' }],
    output: '-a-----a---------a#',
  },
];

const step = 28;
const left = 110;
const row = 56;

/** A picture as SVG, for light and dark pages. */
export function marbleSvg({ operator, inputs, output }) {
  const frames = Math.max(...[...inputs.map(({ marbles }) => marbles), output].map((text) => text.length));
  const width = left + frames * step + 40;
  const boxTop = inputs.length * row + 8;
  const height = boxTop + 40 + row;
  const rows = [
    ...inputs.map(({ name, marbles }, place) => line(name, marbles, place * row + row / 2, width)),
    `<rect x="8" y="${boxTop}" width="${width - 16}" height="32" rx="4" class="box"/>`,
    `<text x="${width / 2}" y="${boxTop + 21}" text-anchor="middle" class="code">${escaped(operator)}</text>`,
    line('output', output, boxTop + 40 + row / 2, width),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(operator)}</title>
<style>
text { font: 14px system-ui, sans-serif; fill: #333; } .code { font-family: ui-monospace, monospace; }
.line { stroke: #888; stroke-width: 1.5; } .end { stroke: #333; stroke-width: 2.5; }
.box { fill: none; stroke: #888; } circle { fill: #cfe3f7; stroke: #1f5f99; stroke-width: 1.5; } circle + text { fill: #123; }
@media (prefers-color-scheme: dark) { text, .code { fill: #ddd; } .end { stroke: #ddd; } }
</style>
${rows.join('\n')}
</svg>
`;
}

function line(name, marbles, y, width) {
  const parts = [
    `<text x="8" y="${y + 5}">${escaped(name)}</text>`,
    `<line x1="${left}" y1="${y}" x2="${width - 20}" y2="${y}" class="line"/>`,
    `<path d="M${width - 26} ${y - 5} L${width - 18} ${y} L${width - 26} ${y + 5}" fill="none" class="line"/>`,
  ];
  for (const [frame, marble] of [...marbles].entries()) {
    const x = left + 10 + frame * step;
    if (marble === '-') continue;
    if (marble === '|') parts.push(`<line x1="${x}" y1="${y - 12}" x2="${x}" y2="${y + 12}" class="end"/>`);
    else if (marble === '#') {
      parts.push(
        `<path d="M${x - 8} ${y - 8} L${x + 8} ${y + 8} M${x + 8} ${y - 8} L${x - 8} ${y + 8}" class="end"/>`,
      );
    } else {
      parts.push(
        `<circle cx="${x}" cy="${y}" r="11"/><text x="${x}" y="${y + 5}" text-anchor="middle">${escaped(marble)}</text>`,
      );
    }
  }
  return parts.join('\n');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

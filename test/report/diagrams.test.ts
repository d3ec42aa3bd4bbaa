import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { choose, defineWorkflow, InvalidOptionsError, step, type Workflow, workflow } from 'millrace';
import { toDot, toMermaid } from 'millrace/report';
import type { Browser } from 'playwright-core';
import { throwError } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, startChromium } from '../ecosystem/support/chromium.ts';
import { layered, nasty, record, recordOf, roomy, taking } from './support/recorded.ts';

if (chromiumPath === undefined)
  console.warn('No Chromium found: the tests of Mermaid are skipped. Install it or set CHROMIUM_PATH.');

const small = record(
  [
    { id: 'a', run: taking(5) },
    { id: 'b', dependsOn: ['a'], run: taking(50) },
    { id: 'c', dependsOn: ['a'], run: taking(10) },
    { id: 'd', dependsOn: ['b', 'c'], run: taking(5) },
  ],
  {},
);
const chained = record(
  nasty.map((id, place) => ({ id, dependsOn: nasty.slice(Math.max(0, place - 1), place), run: taking(3) })),
  {},
);
const large = record(layered(300), roomy);

test('the structure is drawn without a snapshot', () => {
  expect(toMermaid(small.workflow)).toBe(
    [
      'flowchart LR',
      '  n0["a"]',
      '  n1["b"]',
      '  n2["c"]',
      '  n3["d"]',
      '  n0 --> n1',
      '  n0 --> n2',
      '  n1 --> n3',
      '  n2 --> n3',
      '',
    ].join('\n'),
  );
});

test('a snapshot gives states, durations and the critical path', () => {
  const snapshot = small.run.snapshot();
  const mermaid = toMermaid(small.workflow, { snapshot, direction: 'down' });
  expect(mermaid).toContain('flowchart TD');
  expect(mermaid).toContain('n1["b<br/>completed, 50 ms"]:::completed');
  expect(mermaid).toContain('n0 ==> n1');
  expect(mermaid).toContain('n2 --> n3');
  expect(mermaid).toContain('class n0,n1,n3 critical');
  const dot = toDot(small.workflow, { snapshot });
  expect(dot).toContain('n1 -> n3 [penwidth=3];');
  expect(dot).toContain('n2 -> n3;');
});

test('many steps collapse by group', () => {
  const mermaid = toMermaid(large.workflow, { snapshot: large.run.snapshot() });
  expect(mermaid).toContain('n0[["stage 0<br/>100 steps<br/>100 completed"]]:::completed');
  expect(mermaid.match(/^ {2}n\d+\[\[/gm)).toHaveLength(3);
  expect(toMermaid(large.workflow, { collapseAbove: 300 }).match(/^ {2}n\d+\["/gm)).toHaveLength(300);
});

test('a step without a group stays a step', () => {
  const { workflow } = record(
    [
      { id: 'x', group: 'g', run: taking(1) },
      { id: 'y', group: 'g', dependsOn: ['x'], run: taking(1) },
      { id: 'z', dependsOn: ['y'], run: taking(1) },
    ],
    {},
  );
  expect(toMermaid(workflow, { collapseAbove: 0 })).toBe(
    'flowchart LR\n  n0[["g<br/>2 steps"]]\n  n1["z"]\n  n0 --> n1\n',
  );
});

describe('many steps without a group', () => {
  const nodesIn = (mermaid: string): number => mermaid.match(/^ {2}n\d+\[/gm)?.length ?? 0;
  const block = (width: number, depth: number): Workflow<unknown> =>
    defineWorkflow(
      'layered',
      Array.from({ length: width * depth }, (_, index) => ({
        id: String(index),
        dependsOn: index < width ? [] : [String(index - width)],
        run: () => index,
      })),
    );

  test.each([
    [70, 10, 10],
    [1, 700, 100],
    [7, 150, 100],
    [700, 1, 1],
  ])('%i wide and %i deep are %i nodes, in order', (width, depth, nodes) => {
    const mermaid = toMermaid(block(width, depth));
    expect(nodesIn(mermaid)).toBe(nodes);
    expect(mermaid.match(/-->/g) ?? []).toHaveLength(nodes - 1);
    expect(mermaid.split('\n').length).toBeLessThan(250);
  });

  test('say which they are, and how many', () => {
    expect(toMermaid(block(70, 2))).toContain('n1[["70 #8230; 139<br/>70 steps"]]');
  });

  test('stay steps where there are few beside the groups', () => {
    const definitions = Array.from({ length: 200 }, (_, index) => ({
      id: String(index),
      ...(index < 190 ? { group: 'most' } : {}),
      run: () => index,
    }));
    expect(nodesIn(toMermaid(defineWorkflow('mixed', definitions)))).toBe(11);
  });

  test('are drawn beside groups in as many nodes as are left', () => {
    const definitions = Array.from({ length: 600 }, (_, index) => ({
      id: String(index),
      ...(index % 2 === 0 ? { group: `group ${String(index % 40)}` } : {}),
      dependsOn: index < 2 ? [] : [String(index - 2)],
      run: () => index,
    }));
    expect(nodesIn(toMermaid(defineWorkflow('mixed', definitions)))).toBe(100);
  });
});

test.each([
  [{ collapseAbove: -1 }, 'collapseAbove'],
  [{ direction: 'up' }, 'direction'],
  [{ snapshots: 1 }, 'snapshots'],
])('options are checked: %o', (options, name) => {
  expect(() => toMermaid(small.workflow, options as object)).toThrow(InvalidOptionsError);
  expect(() => toDot(small.workflow, options as object)).toThrow(name);
});

describe('Graphviz', () => {
  test('draws what is written, whatever the ids are', async () => {
    const graphviz = await Graphviz.load();
    const svg = graphviz.dot(toDot(chained.workflow, { snapshot: chained.run.snapshot() }));
    expect(svg.match(/<g id="node\d+"/g)).toHaveLength(nasty.length);
    expect(svg.match(/<g id="edge\d+"/g)).toHaveLength(nasty.length - 1);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('日本語 🚀 ünï');
    expect(svg).toContain('#quot; &amp;amp; #35;');
    expect(svg).toContain('back\\slash\\');
  });

  test('draws groups', async () => {
    const graphviz = await Graphviz.load();
    const svg = graphviz.dot(toDot(large.workflow, { snapshot: large.run.snapshot() }));
    expect(svg.match(/<g id="node\d+"/g)).toHaveLength(3);
  });
});

describe.skipIf(chromiumPath === undefined)('Mermaid', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  test('draws what is written, whatever the ids are', { timeout: 60_000 }, async () => {
    const page = await browser.newPage();
    const library = createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js');
    await page.setContent('<!doctype html><body></body>');
    await page.addScriptTag({ content: readFileSync(library, 'utf8') });
    const text = toMermaid(chained.workflow, { snapshot: chained.run.snapshot() });
    const labels = await page.evaluate(`(async () => {
      const { svg } = await mermaid.render('drawing', ${JSON.stringify(text)});
      document.body.innerHTML = svg;
      return Array.from(document.querySelectorAll('.node .nodeLabel'), (node) => node.textContent);
    })()`);
    expect(labels).toHaveLength(nasty.length);
    for (const [place, id] of nasty.entries())
      expect((labels as string[])[place]).toContain(id.replace('\n', ' '));
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
  });
});

test('Mermaid’s text stays below what Mermaid takes, whatever is asked for', () => {
  const many = defineWorkflow(
    'many',
    Array.from({ length: 3_000 }, (_, place) => ({
      id: `a step with a name of some length, number ${String(place)}`,
      dependsOn: place < 50 ? [] : [`a step with a name of some length, number ${String(place - 50)}`],
      run: () => place,
    })),
  );
  for (const collapseAbove of [undefined, 100, 5_000]) {
    const text = toMermaid(many, { collapseAbove });
    expect(text.length).toBeLessThanOrEqual(50_000);
    expect(text.split('\n').length).toBeGreaterThan(20);
  }
});

test('hyphens within words stay, in Mermaid too', () => {
  const text = toMermaid(defineWorkflow('w', [{ id: 'fetch-orders - all -', run: () => 1 }]));
  expect(text).toContain('["fetch-orders #45; all #45;"]');
});

test('a critical edge to a branch keeps its dashes and its label', () => {
  const a = step('a', () => 1);
  const end = choose('end', {}, () => 'a' as const, { a });
  const { workflow: flow, run } = recordOf(workflow('w', { end }), { 'light-cpu': 2 });
  const text = toMermaid(flow, { snapshot: run.snapshot() });
  expect(text).toMatch(/ {2}n\d -\. branch \.-> n\d/);
  expect(text).toContain('linkStyle 0 stroke-width:4px');
  expect(toDot(flow, { snapshot: run.snapshot() })).toMatch(/penwidth=3, style=dashed, label="branch"/);
});

test('DOT’s labels of edges have the font of its nodes', () => {
  expect(toDot(defineWorkflow('w', [{ id: 'a', run: () => 1 }]))).toContain('edge [fontname="sans-serif"');
});

test('a diagram of a run that failed ends its critical path with the step that did', () => {
  const { workflow: flow, run } = record(
    [
      { id: 'long', run: taking(5) },
      { id: 'bad', run: () => throwError(() => new Error('no')), dependsOn: ['long'] },
      { id: 'after', run: taking(1), dependsOn: ['bad'] },
    ],
    { 'light-cpu': 2 },
  );
  expect(toMermaid(flow, { snapshot: run.snapshot() })).toContain('class n0,n1 critical');
});

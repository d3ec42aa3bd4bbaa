import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { importsOf } from './support/compile.ts';
import { allSnippets, root } from './support/snippets.ts';

/** The pages whose snippets speak of the workflow `flights` and of a run of it, and write files. */
const pages = ['opentelemetry', 'planning', 'remaining-time', 'report', 'watching'].map(
  (name) => `docs/${name}.md`,
);
const snippets = allSnippets()
  .filter(({ file, runs }) => pages.includes(file) && !runs)
  // What a worker's module exports is for a thread.
  .filter(({ code }) => !/^export /m.test(code));
const built = new URL('node_modules/.cache/snippets-of-pages/', root);
const before = process.cwd();
let folder: string;

beforeAll(() => {
  mkdirSync(built, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'millrace-pages-'));
  process.chdir(folder);
  writeFileSync('history.json', '{}');
});

afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** What the reader imagines: the workflow, where the snippet doesn't make one, a run, and what earlier snippets have kept. */
function withWorld(file: string, code: string): string {
  const imports = [...code.matchAll(/^import .*$/gm)].map(([line]) => line);
  const rest = code
    .replaceAll(/^import .*$/gm, '')
    .replace(/port: (?:8080|9464)/, 'port: 0')
    // What is written late isn't written elsewhere.
    .replaceAll(/'([\w-]+\.(?:html|jsonl?))'/g, (_, name: string) => JSON.stringify(join(folder, name)));
  const needsRun = /\brun\./.test(rest) || /\(run\b/.test(rest);
  return `${importsOf(code).join('\n')}
${imports.join('\n')}
import { input as input_, step as step_, type as type_, workflow as workflow_ } from 'millrace';
import { plan as plan_ } from 'millrace/simulate';
import { writeFileSync as writeFileSync_ } from 'node:fs';
const path = 'flights.parquet';
const pool = { name: 'flights', stats: () => ({ tasks: {} }) };
const flights = (() => {
  const table = step_('table', { path: input_('path', type_()) }, async ({ path }) => path.length, {
    resource: 'heavy-cpu',
    estimate: 5,
  });
  const delays = step_('delays', { table }, ({ table }) => [table], { resource: 'heavy-cpu' });
  const report = step_('report', { delays }, ({ delays }) => String(delays));
  return workflow_('flights', { report, delays });
})();
writeFileSync_('plan.json', JSON.stringify(plan_(flights, { limits: { 'heavy-cpu': 2 }, durations: { table: 5, delays: 5, report: 5 } })));
${needsRun && !/const run\b/.test(rest) ? 'const run = flights.run({ inputs: { path } });' : ''}
${file === 'docs/planning.md' && needsRun ? 'await run.result();' : ''}
{
${rest}
}
`;
}

test.for(snippets.map((snippet) => [`${snippet.file}:${String(snippet.line)}`, snippet] as const))(
  '%s does what it says without an error',
  async ([place, { file, code }]) => {
    const module = new URL(`${place.replaceAll(/\W/g, '-')}.ts`, built);
    writeFileSync(module, withWorld(file, code));
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    await import(/* @vite-ignore */ module.href);
    expect(error).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  },
);

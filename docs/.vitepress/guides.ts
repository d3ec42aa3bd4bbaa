/** The guides in the order of the sidebar; every page of `docs/` is in here, or the site isn't built. */
import { readdirSync, readFileSync } from 'node:fs';

interface Guide {
  readonly title: string;
  readonly name: string;
}

const docs = new URL('../', import.meta.url);
/** Pages that the menu at the top leads to. */
const elsewhere = new Set(['index', 'play', 'changelog']);

const order: Readonly<Record<string, readonly string[]>> = {
  Start: ['getting-started', 'tour', 'concepts', 'play'],
  Graphs: ['fan-out', 'branches', 'subflows', 'streams', 'crawl'],
  'Limits and ends': ['cap-a-database', 'retry-and-time-out', 'cancel', 'undo-and-close', 'in-a-server'],
  'Runs that go on': ['resume-and-cache', 'command'],
  'Threads and machines': ['cpu-work', 'move-big-data', 'many-machines'],
  'Seeing runs': ['watching', 'report', 'remaining-time', 'opentelemetry'],
  'Before you run': ['testing', 'planning'],
  Reference: ['operators', 'recipes', 'benchmarks', 'architecture'],
};

const listed = new Set(Object.values(order).flat());
const forgotten = readdirSync(docs)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -'.md'.length))
  .filter((name) => !listed.has(name) && !elsewhere.has(name));
if (forgotten.length > 0)
  throw new Error(`docs/.vitepress/guides.ts doesn't say where these pages belong: ${forgotten.join(', ')}`);

/** The guides by what they are about. */
export const guides: readonly { readonly text: string; readonly pages: readonly Guide[] }[] = Object.entries(
  order,
).map(([text, names]) => ({ text, pages: names.map((name) => ({ name, title: titleOf(name) })) }));

function titleOf(name: string): string {
  const page = readFileSync(new URL(`${name}.md`, docs), 'utf8');
  const title = /^title: (.+)$/m.exec(page)?.[1];
  if (title === undefined) throw new Error(`docs/${name}.md has no title at its head`);
  return title;
}

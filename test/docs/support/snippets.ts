import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A piece of TypeScript out of the documentation. */
export interface Snippet {
  /** The file it stands in, relative to the repository. */
  readonly file: string;
  /** The line of its first line, from 1. */
  readonly line: number;
  readonly code: string;
  /** Whether the text before it says that it can be run as it stands. */
  readonly runs: boolean;
}

export const root = new URL('../../../', import.meta.url);

/** The snippets of the README, of the pages in `docs`, and of the docstrings in `lib` and `operators`. */
export function allSnippets(): Snippet[] {
  const sources = ['lib', 'operators'].flatMap((folder) => filesIn(folder, '.ts'));
  return [
    ...['README.md', ...filesIn('docs', '.md')].flatMap((file) => snippetsOf(file, read(file))),
    ...sources.flatMap((file) => snippetsOf(file, read(file).replace(/^ *\* ?/gm, ''))),
  ];
}

function read(file: string): string {
  return readFileSync(new URL(file, root), 'utf8').replaceAll('\r\n', '\n');
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(fileURLToPath(new URL(folder, root)), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith(ending) && !file.startsWith('docs/api/'))
    .sort();
}

function snippetsOf(file: string, text: string): Snippet[] {
  return [...text.matchAll(/(<!-- runs -->\n)?```ts\n([\s\S]*?)```/g)].map((match) => {
    const before = text.slice(0, match.index).split('\n').length;
    return {
      file,
      line: before + (match[1] === undefined ? 1 : 2),
      code: match[2] ?? '',
      runs: match[1] !== undefined,
    };
  });
}

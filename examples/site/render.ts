import MarkdownIt from 'markdown-it';
import { createHighlighter } from 'shiki';

/** A page as it came out of its Markdown. */
export interface RenderedPage {
  readonly title: string;
  /** What goes into the body. Each link has the line it stands in as `data-line`. */
  readonly html: string;
}

const languages = ['ts', 'js', 'json', 'sh'];
const highlighter = await createHighlighter({ themes: ['github-light'], langs: languages });

const markdown = MarkdownIt({
  html: true,
  linkify: true,
  highlight: (code, language) =>
    highlighter.codeToHtml(code, {
      lang: languages.includes(language) ? language : 'text',
      theme: 'github-light',
      // However busy the machine is, a page comes out the same.
      tokenizeTimeLimit: 0,
    }),
});

/** From Markdown to HTML; tens of ms for a page with much code, which is why it is done in a thread. */
export function render(source: string): RenderedPage {
  // What stands before the page is for other tools; its lines count.
  const body = source.replace(/^---\r?\n.*?\n---\r?\n/s, (block) => block.replaceAll(/[^\n]/g, ''));
  const tokens = markdown.parse(body, {});
  const ids = new Set<string>();
  let title = '';
  for (const [place, token] of tokens.entries()) {
    const text = tokens[place + 1]?.content ?? '';
    if (token.type === 'heading_open') {
      token.attrSet('id', idOf(text, ids));
      title ||= plain(text);
    }
    for (const child of token.children ?? []) {
      if (child.type !== 'link_open') continue;
      child.attrSet('data-line', String((token.map?.[0] ?? 0) + 1));
      child.attrSet('href', toPage(String(child.attrGet('href') ?? '')));
    }
  }
  return { title, html: markdown.renderer.render(tokens, markdown.options, {}) };
}

/** The id of a heading, as GitHub makes it. */
function idOf(heading: string, taken: Set<string>): string {
  const base = plain(heading)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
  let id = base;
  for (let count = 1; taken.has(id); count++) id = `${base}-${String(count)}`;
  taken.add(id);
  return id;
}

/** A heading without what Markdown means by its characters. */
function plain(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
}

/** Where a link to a Markdown file leads in the site. */
function toPage(href: string): string {
  return /^[a-z]+:/i.test(href) ? href : href.replace(/\.md(?=$|#)/, '.html');
}

import type { OptionChecker } from '../base/option-checker.ts';

/** A worker that a function makes: Node's, or a Web Worker. */
export interface MadeWorker {
  /** Sends it a message. */
  postMessage(message: unknown): void;
  /** Ends it. */
  terminate(): unknown;
}

/**
 * Where a pool's workers come from: the URL of their module, or a function that makes one, called for each thread.
 *
 * The function is the form that bundlers for the browser understand as it stands: they look for `new Worker(new URL(…))`.
 */
export type WorkerSource = URL | string | (() => MadeWorker);

/** The source as a worker takes it, and what the module is called in messages. */
export interface ParsedSource {
  readonly source: WorkerSource;
  readonly url: string;
}

const functionForm =
  "() => new Worker(new URL('./tasks.worker.ts', import.meta.url), { type: 'module' }), which bundlers understand";

/** Reads the first argument of `threadPool`. */
export function parseSource(checker: OptionChecker, source: WorkerSource): ParsedSource {
  if (typeof source === 'function') return { source, url: 'that a function has made' };
  const given = readUrl(source);
  if (given === undefined) {
    checker.fail(
      'url',
      "a URL, as in new URL('./flights.worker.js', import.meta.url), a 'file:' or 'data:' URL's text, an absolute path, or a function that makes a worker",
      source,
    );
    return { source: '', url: '' };
  }
  const mediaType = mediaTypeOf(given.url);
  if (mediaType !== undefined && !/^(?:text|application)\/(?:x-)?(?:java|ecma)script$/.test(mediaType)) {
    checker.fail(
      'url',
      `a URL of JavaScript (this one is of '${mediaType}': a bundler has put the file into it as it is; give a function instead, ${functionForm})`,
      shortUrl(given.url),
    );
  }
  return given;
}

function readUrl(source: URL | string): ParsedSource | undefined {
  if (source instanceof URL) return { source, url: source.href };
  if (typeof source !== 'string') return undefined;
  if (/^(?:file|data):/.test(source) && URL.canParse(source)) return readUrl(new URL(source));
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(source) ? { source, url: source } : undefined;
}

/** What a `data:` URL says it holds; plain text where it says nothing. */
function mediaTypeOf(url: string): string | undefined {
  const [, mediaType] = /^data:([^;,]*)/.exec(url) ?? [];
  return mediaType === '' ? 'text/plain' : mediaType?.trim().toLowerCase();
}

/** What to do where a worker module doesn't load, as far as its URL tells and what was said; else nothing. */
export function hintForUrl(url: string, why: string): string {
  if (url.startsWith('data:') && /couldn't be loaded|resolve module/.test(why)) {
    return `; what stands in a 'data:' URL can't import packages: where a bundler has put it there, give ${functionForm}`;
  }
  if (!/\.[cm]?tsx?(?:[?#]|$)/.test(url)) return '';
  return /^https?:/.test(url)
    ? `; a browser loads no TypeScript: where a bundler has copied the file as it is, give ${functionForm}`
    : '; Node loads TypeScript in a thread from 22.18 on: before, give the URL of its build';
}

const longest = 80;

/** A URL as messages have it: one that holds a whole module isn't for reading. */
export function shortUrl(url: string): string {
  return url.startsWith('data:') && url.length > longest ? `${url.slice(0, longest)}…` : url;
}

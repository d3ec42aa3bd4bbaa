import { describe, expect, test } from 'vitest';
import { Frontier } from '../../examples/crawl/frontier.ts';
import { runExample } from './support/example.ts';

describe('the example that crawls', { timeout: 60_000 }, () => {
  test('visits every page of both hosts once, two at once, and tells of the dead links', async () => {
    const { code, stdout } = await runExample('crawl');
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.includes('"page '))).toHaveLength(24);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.filter((line) => line.startsWith('failed: '))).toHaveLength(2);
    expect(lines.at(-1)).toBe('at most 2 requests at once to a host');
    expect(code).toBe(0);
  });

  test('visits no more pages than it is told to', async () => {
    const { code, stdout } = await runExample('crawl', ['--most', '5']);
    expect(stdout.trim().split('\n')).toHaveLength(6);
    expect(code).toBe(0);
  });

  test('its frontier knows each address once, and ends when none is open', () => {
    const frontier = new Frontier(({ host }) => host === 'a');
    const seen: string[] = [];
    frontier.add([new URL('http://a/1#top'), new URL('http://a/1'), new URL('http://b/1')]);
    frontier.urls$.subscribe({ next: ({ href }) => seen.push(href), complete: () => seen.push('end') });
    frontier.add([new URL('http://a/2')]);
    frontier.leave();
    expect(seen).toStrictEqual(['http://a/1', 'http://a/2']);
    frontier.leave();
    expect(seen.at(-1)).toBe('end');
  });
});

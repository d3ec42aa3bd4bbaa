import type { PageData } from '../report-page.ts';

/** What the page was given: as JSON, or, where that is long, deflated. */
export async function pageData(): Promise<PageData> {
  const plain = document.getElementById('data')?.textContent;
  const packed = document.getElementById('packed')?.textContent;
  const json = packed === undefined ? (plain ?? '{"logs":[]}') : await inflated(packed);
  return JSON.parse(json) as PageData;
}

async function inflated(base64: string): Promise<string> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}

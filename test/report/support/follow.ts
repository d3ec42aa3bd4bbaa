import { request } from 'node:http';
import type { Dashboard } from 'millrace/report';
import type { Sent } from '../../../lib/report/dashboard-frame.ts';

export type { Sent } from '../../../lib/report/dashboard-frame.ts';

/** What a browser was sent. */
export interface Followed {
  readonly text: string;
  readonly sent: readonly Sent[];
}

/** Reads what a dashboard sends until that is enough, then leaves. */
export function follow(
  { url }: Pick<Dashboard, 'url'>,
  isEnough: (sent: readonly Sent[]) => boolean,
  { lastEventId, run }: { readonly lastEventId?: string; readonly run?: string } = {},
): Promise<Followed> {
  const address = new URL('/events', url);
  if (run !== undefined) address.searchParams.set('run', run);
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  return new Promise((resolve, reject) => {
    const asked = request(address, { headers }, (response) => {
      let text = '';
      let parsed = 0;
      const sent: Sent[] = [];
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n\n', parsed); end >= 0; end = text.indexOf('\n\n', parsed)) {
          const data = /^data: (.*)$/m.exec(text.slice(parsed, end))?.[1];
          if (data !== undefined) sent.push(JSON.parse(data) as Sent);
          parsed = end + 2;
        }
        if (!isEnough(sent)) return;
        resolve({ text, sent });
        asked.destroy();
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

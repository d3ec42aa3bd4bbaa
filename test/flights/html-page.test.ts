import { describe, expect, test } from 'vitest';
import type { FlightsReport } from '../../examples/flights/report/flights-report.ts';
import { htmlPage } from '../../examples/flights/report/page/html-page.ts';

const hostile = '</script><script>alert(1)</script><!-- & "';
const report: FlightsReport = {
  flights: 1234,
  airports: [
    { iata: 'X<Y', name: hostile, departures: 1234, meanDelay: null, medianDelay: null, p95Delay: null },
  ],
  hours: [{ hour: 7, flights: 1234, meanDelay: 1.25, medianDelay: 1, p95Delay: 3 }],
  routes: [{ origin: 'X<Y', destination: 'ORD', flights: 1234 }],
};
const page = htmlPage(report, { source: hostile, script: 'const s = "</script><!--";' });

describe('htmlPage', () => {
  test('carries the report as data that comes out as it went in', () => {
    const json = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(report);
  });

  test('lets neither names nor code end an element', () => {
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
    expect(page).not.toContain('<!--');
    expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)');
    expect(page).toContain(String.raw`const s = "<\/script><\!--";`);
  });

  test('asks nothing of the network', () => {
    expect(page).not.toMatch(/\b(?:src|href)=|@import|url\(/);
  });

  test('shows the figures without a script too, and a dash where there is none', () => {
    expect(page).toContain('<dd>1,234</dd>');
    expect(page).toContain('<td>1,234</td><td>–</td><td>–</td><td>–</td>');
  });
});

import type { AirportReport, FlightsReport } from '../flights-report.ts';
import { pageStyle } from './page-style.ts';

/** What the page needs besides the report. */
interface PageOptions {
  /** Where the flights come from, for the reader: the name of the file. */
  readonly source: string;
  /** The bundled page script, with the chart library in it. */
  readonly script: string;
}

/** The report as one self-contained HTML page: style, data, charts and all; it asks nothing of the network. */
export function htmlPage(report: FlightsReport, { source, script }: PageOptions): string {
  const { flights, airports, routes } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flights and their delays</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>Flights and their delays</h1>
<p>${escapeHtml(source)}. Delays are minutes late on arrival, negative when early; hours are local time of departure.</p>
</header>
<main>
<dl class="tiles">
${tile('flights', whole(flights))}
${tile('airports of departure', whole(airports.length))}
${tile('routes', whole(routes.length))}
${tile('busiest airport', airports[0]?.iata ?? '–')}
</dl>
<section>
<h2>Delay by hour of departure</h2>
<p>Delays by the local hour in which a flight left. Hours with less than one flight in a thousand have no line.</p>
${key}
<div data-chart="delays-by-hour"></div>
<div data-chart="flights-by-hour"></div>
</section>
<section>
<h2>The busiest airports</h2>
<p>Departures, and how late those flights arrive.</p>
${key}
<div class="pair">
<div data-chart="busiest-airports"></div>
<div data-chart="delays-of-busiest"></div>
</div>
</section>
<section>
<h2>Every airport</h2>
<p>Mean delay against departures, from 100 departures on. Point at a dot for its name.</p>
<div data-chart="all-airports"></div>
</section>
<section>
<h2>The busiest routes</h2>
<p>Flights in one direction.</p>
<div data-chart="busiest-routes"></div>
</section>
<section>
<details>
<summary>All airports as a table</summary>
<div class="scroll" tabindex="0" role="group" aria-label="All airports">
<table>
<thead><tr><th>code</th><th>name</th><th>departures</th><th>mean</th><th>median</th><th>95th percentile</th></tr></thead>
<tbody>
${airports.map(airportRow).join('\n')}
</tbody>
</table>
</div>
</details>
</section>
</main>
<script type="application/json" id="report">${jsonInHtml({ ...report, routes: routes.slice(0, 100) })}</script>
<script>${scriptInHtml(script)}</script>
</body>
</html>
`;
}

/** The key to the colours of the measures; the charts themselves have none, so that those side by side line up. */
const key = `<ul class="key"><li class="median">median</li><li class="mean">mean</li><li class="p95">95th percentile</li></ul>`;

function tile(label: string, value: string): string {
  return `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`;
}

function airportRow({ iata, name, departures, meanDelay, medianDelay, p95Delay }: AirportReport): string {
  const cells = [
    iata,
    name,
    whole(departures),
    minutes(meanDelay, 1),
    minutes(medianDelay),
    minutes(p95Delay),
  ];
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function minutes(value: number | null, digits = 0): string {
  return value === null ? '–' : value.toFixed(digits);
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** No name in the data may end the script element, or start a comment in it. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}

/** The same for code, where these only occur within strings and regular expressions. */
function scriptInHtml(script: string): string {
  return script.replaceAll('</script', String.raw`<\/script`).replaceAll('<!--', String.raw`<\!--`);
}

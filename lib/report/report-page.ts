// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- who compiles a snippet of the docs has no other way to it
/// <reference path="./page-module.d.ts" />
import { notices, script, style } from 'millrace:report-page';
import { stepsIn } from '../base/step-list.ts';
import { capacitiesOf } from './capacities.ts';
import { packed } from './packed.ts';
import type { PicturedSnapshot } from './pictured-snapshot.ts';
import { plainEvent } from './plain-event.ts';
import type { PicturedRun } from './timeline-of.ts';
import type { Improvements } from './what-would-have-helped.ts';

/** What the page is given: the runs themselves, or where to follow them. */
export type PageData =
  | {
      readonly logs: readonly PicturedRun[];
      /** What would have helped, where that could be found out. */
      readonly improvements?: Improvements | undefined;
      /** Of millrace. */
      readonly version?: string | undefined;
    }
  | { readonly eventsPath: string };

/** What the page needs of a workflow, and nothing that a step's function may be found through. */
export function plainHead({
  workflow,
  limits,
  snapshot,
  about,
}: Omit<PicturedRun, 'events'>): Omit<PicturedRun, 'events'> {
  return {
    ...(about === undefined ? {} : { about }),
    workflow: {
      name: workflow.name,
      steps: stepsIn(workflow.steps).map((info) => ({ ...info })),
    },
    limits: capacitiesOf(limits),
    // Before the start every step waits.
    ...(snapshot === undefined || snapshot.status === 'idle' ? {} : { snapshot: plainSnapshot(snapshot) }),
  };
}

function plainSnapshot({ runId, status, startedAt, endedAt, at, steps }: PicturedSnapshot): PicturedSnapshot {
  return { runId, status, startedAt, endedAt, at, steps: stepsIn(steps) };
}

/** A log as plain JSON. */
export function plainLog(log: PicturedRun): PicturedRun {
  return { ...plainHead(log), events: log.events.map(plainEvent) };
}

/**
 * The page, around its data. Everything that comes from users goes into the JSON, where `<` can't occur, and from
 * there into text nodes; and the page may load nothing, and speak to nobody but the server it came from.
 */
export function reportPage(title: string, data: PageData): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This report draws itself: it needs JavaScript.</noscript>
<main id="report"></main>
${dataElement(JSON.stringify(data))}
<footer><details><summary>Licences of what this page is made with</summary><pre>${htmlText(notices)}</pre></details></footer>
<script>${script}</script>
</body>
</html>
`;
}

function dataElement(json: string): string {
  const short = packed(json);
  return short === undefined
    ? `<script type="application/json" id="data">${inScript(json)}</script>`
    : `<script type="application/octet-stream" id="packed">${short}</script>`;
}

function htmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** JSON in which no end of a script and no comment can occur. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

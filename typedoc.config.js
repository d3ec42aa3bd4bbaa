import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The API as pages for the site, a folder an entry of the package. Whatever users meet and isn't documented is an error. */
export default {
  plugin: ['typedoc-plugin-markdown'],
  name: 'API',
  entryPoints: Object.values(exports).flatMap((entry) => entry['millrace:source'] ?? []),
  out: 'docs/api',
  router: 'module',
  readme: 'none',
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: [
    'Class',
    'Function',
    'Interface',
    'TypeAlias',
    'Property',
    'Method',
    'Accessor',
    'Variable',
  ],
  excludePrivate: true,
  excludeInternal: true,
  intentionallyNotExported: [
    'stepStatuses',
    'Unwrapped',
    'IsSource',
    'SourceOf',
    'ItemIn',
    'ShownStep',
    'ForeseenStep',
    'UnfitWorkers',
  ],
  sortEntryPoints: false,
  groupOrder: ['Functions', 'Variables', 'Classes', '*'],
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  useHTMLAnchors: true,
  parametersFormat: 'table',
};

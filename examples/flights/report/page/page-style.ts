/** The page's style: one column of cards, light or dark as the reader's system asks. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #f4f3f0; --surface: #fdfdfc; --ink: #161615; --quiet: #5b5a56; --line: #e2e0db; --axis: #b9b7b1;
  --count: #7d8797; --median: #138a63; --mean: #2a6fd0; --p95: #d9541e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131312; --surface: #1c1c1b; --ink: #f2f1ee; --quiet: #a9a7a0; --line: #32322f; --axis: #5f5e59;
    --count: #76808f; --median: #2aa87d; --mean: #5b9bf0; --p95: #ee7443;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem;
  background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.01em; }
h2 { margin: 0; font-size: 1.05rem; }
p { margin: 0.25rem 0 0; color: var(--quiet); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; margin: 1.5rem 0 1rem; padding: 0; }
.tiles div, section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; }
.tiles dt { color: var(--quiet); font-size: 0.85rem; }
.tiles dd { margin: 0; font-size: 1.6rem; font-weight: 600; }
section { margin-top: 1rem; min-width: 0; }
section p { font-size: 0.9rem; margin-bottom: 0.75rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
@media (max-width: 52rem) { .pair { grid-template-columns: 1fr; } }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0 0 0.75rem; padding: 0; list-style: none; font-size: 0.85rem; }
.key li::before { content: ''; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.45em; border-radius: 50%; background: var(--colour); }
.median { --colour: var(--median); } .mean { --colour: var(--mean); } .p95 { --colour: var(--p95); }
[data-chart] { min-width: 0; overflow: hidden; }
[data-chart] svg { --plot-background: var(--surface); font: 12px system-ui, sans-serif; overflow: visible; }
[data-chart] [aria-label*="grid"] { stroke: var(--line); stroke-opacity: 1; }
summary { cursor: pointer; font-weight: 600; padding: 0.4rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 0.75rem; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:nth-child(-n + 2), td:nth-child(-n + 2) { text-align: left; }
th { color: var(--quiet); font-weight: 500; }
`;

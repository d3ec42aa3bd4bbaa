import type { RenderedPage } from './render.ts';

/** A page as a document of its own. */
export function document({ title, html }: RenderedPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</title>
<style>
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #ddd; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border: 1px solid #ddd; padding: 0.25rem 0.5rem; }
</style>
</head>
<body>
${html}
</body>
</html>
`;
}

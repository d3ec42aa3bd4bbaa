// How Node finds the module of the report's page where the source runs as it is, as an example does under tsx.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { reportPageModule } from './report-page.js';

const url = 'millrace:report-page';

// Loaded twice: by `--import`, which registers it, and as what is registered.
if (isMainThread) register(import.meta.url);

export function resolve(specifier, context, next) {
  return specifier === url ? { url, format: 'module', shortCircuit: true } : next(specifier, context);
}

export async function load(loaded, context, next) {
  if (loaded !== url) return next(loaded, context);
  return { format: 'module', source: await reportPageModule(), shortCircuit: true };
}

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The files of the `vega-datasets` package, wherever it is installed. */
export function dataset(name: 'flights-3m.parquet' | 'airports.csv'): URL {
  // The package exports nothing but its entry, which lies in a folder beside the data.
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return new URL(`../data/${name}`, pathToFileURL(entry));
}

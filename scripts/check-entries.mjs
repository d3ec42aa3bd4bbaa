// The main entry and the operators run in a browser: nothing they load, chunks included, imports a part of Node, or
// threads.js. Fails naming the import and the way that leads there.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';

const dist = new URL('../dist/', import.meta.url);
const faults = ['index.js', 'operators.js'].flatMap((entry) => faultsBehind(entry));
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log('index.js and operators.js load nothing of Node');

function faultsBehind(entry) {
  const found = [];
  const ways = new Map([[entry, [entry]]]);
  for (const [file, way] of ways) {
    for (const specifier of importsOf(file)) {
      const next = specifier.replace('./', '');
      if (specifier.startsWith('./')) {
        if (!ways.has(next)) ways.set(next, [...way, next]);
      } else if (isBuiltin(specifier) || specifier.startsWith('threads')) {
        found.push(`${[...way, specifier].join(' → ')}: not for a browser`);
      }
    }
  }
  return found;
}

function importsOf(file) {
  const text = readFileSync(new URL(file, dist), 'utf8');
  return [...text.matchAll(/(?:^|[;}\n])\s*(?:import|export)\s*(?:[^'"`;]*?\sfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g)].map(
    (match) => match[1] ?? match[2],
  );
}

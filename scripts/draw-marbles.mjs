// Draws the marble diagrams of docs/operators.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { diagrams, marbleSvg } from './marble-diagrams.js';

const folder = new URL('../docs/pictures/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const diagram of diagrams) await writeFile(new URL(diagram.file, folder), marbleSvg(diagram));
console.log(`${diagrams.length} pictures in docs/pictures`);

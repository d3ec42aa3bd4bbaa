/*
 * A file is read, compressed in eight parts and the sizes added up: the parts at once where nothing stands in the way, and one step
 * after another. Both runs are of the same workflow; only `concurrency` differs.
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { step, workflow } from 'millrace';

const compress = promisify(brotliCompress);
const parts = 8;

const text = step('read', () => readFile(new URL('../../package-lock.json', import.meta.url)), {
  resource: 'light-io',
});
const sizes = Array.from({ length: parts }, (_, place) =>
  step(
    `part ${String(place + 1)}`,
    { text },
    async ({ text }) => {
      const length = Math.ceil(text.length / parts);
      return (await compress(text.subarray(place * length, (place + 1) * length))).length;
    },
    { resource: 'heavy-cpu' },
  ),
);
const total = step('total', Object.fromEntries(sizes.map((size) => [size.id, size])), (sizes) =>
  Object.values(sizes).reduce((sum, size) => sum + size, 0),
);
const archive = workflow('archive', { total });

await archive.run().result(); // what the host compiles and reads for the first time counts for neither
for (const [name, concurrency] of [
  ['as it comes', undefined],
  ['one step at a time', 1],
] as const) {
  const run = archive.run({ concurrency });
  const { total } = await run.result();
  const { totalMs, parallelism } = run.metrics();
  console.log(
    `${name}: ${String(total)} bytes in ${totalMs.toFixed(0)} ms, ${parallelism.toFixed(1)} steps at once on average`,
  );
}

import { oddNames } from './odd-names.ts';
import type { StoreHandle } from './store-handle.ts';
import type { StoreLaw } from './store-law.ts';

/** Laws of objects. */
export const lawsOfObjects: readonly StoreLaw[] = [
  {
    name: 'an object is there as it was put, until it is replaced or removed',
    async check(trial) {
      const first = await trial.handle();
      const second = await trial.handle();
      await first.hasObject('blob', 'a', undefined);
      await first.removeObject('blob', 'a');
      await first.putObject('blob', 'a', Uint8Array.of(1, 2, 3));
      await second.hasObject('blob', 'a', Uint8Array.of(1, 2, 3));
      await second.hasObject('cached', 'a', undefined);
      await second.putObject('cached', 'a', new Uint8Array(0));
      await first.hasObject('cached', 'a', new Uint8Array(0));
      await second.putObject('blob', 'a', Uint8Array.of(4));
      await first.hasObject('blob', 'a', Uint8Array.of(4));
      await first.putObject('blob', 'b', large);
      await first.hasObjects(
        'blob',
        new Map([
          ['a', 1],
          ['b', large.length],
        ]),
      );
      await first.close();
      await second.hasObject('blob', 'b', large);
      await second.removeObject('blob', 'b');
      await second.hasObject('blob', 'b', undefined);
      await second.hasObjects('blob', new Map([['a', 1]]));
      await second.hasObjects('cached', new Map([['a', 0]]));
    },
  },
  {
    name: 'an object is its own, whatever happens to the bytes that were put or given',
    async check(trial) {
      const store = await trial.handle();
      const bytes = Uint8Array.of(0, 1, 2, 3, 4);
      await store.putObject('blob', 'a', bytes.subarray(1, 4));
      bytes.fill(9);
      await store.hasObject('blob', 'a', Uint8Array.of(1, 2, 3));
      (await store.getObject('blob', 'a'))?.fill(8);
      await store.hasObject('blob', 'a', Uint8Array.of(1, 2, 3));
    },
  },
  {
    name: 'of two who put an object at once one’s is there, whole',
    async check(trial) {
      const stores = [await trial.handle(), await trial.handle()];
      const versions = Array.from({ length: 8 }, (_, index) => large.map((byte) => byte ^ index));
      await Promise.all(
        versions.map((version, index) =>
          (stores[index % 2] as StoreHandle).putObject('cached', 'a', version),
        ),
      );
      const found = await (stores[0] as StoreHandle).getObject('cached', 'a');
      const isWhole = versions.some((version) => version.every((byte, index) => byte === found?.[index]));
      trial.equal('whether it is whole', isWhole && found?.length === large.length, true);
      await (stores[1] as StoreHandle).hasObjects('cached', new Map([['a', large.length]]));
    },
  },
  {
    name: 'objects are kept apart, whatever they are called',
    async check(trial) {
      const first = await trial.handle();
      for (const [index, name] of oddNames.entries())
        await first.putObject('cached', name, Uint8Array.of(index));
      const second = await trial.handle();
      await second.hasObjects('cached', new Map(oddNames.map((name) => [name, 1])));
      for (const [index, name] of oddNames.entries())
        await second.hasObject('cached', name, Uint8Array.of(index));
      for (const name of oddNames.slice(1)) await second.removeObject('cached', name);
      await second.hasObjects('cached', new Map(oddNames.slice(0, 1).map((name) => [name, 1])));
    },
  },
];

const large = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);

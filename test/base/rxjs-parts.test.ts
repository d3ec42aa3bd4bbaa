import { build } from 'esbuild';
import * as rxjs from 'rxjs';
import { describe, expect, test } from 'vitest';
import { config, Observable, Subscriber, Subscription } from '../../lib/base/rxjs-parts.ts';

const parts = {
  config,
  Observable,
  Subscriber,
  Subscription,
};
const whole: Readonly<Record<string, unknown>> = { ...rxjs };

/** Bundles a user's imports beside ours, runs the bundle, and gives the names of what there are two of. */
async function twice(options: { readonly platform: 'browser' | 'node'; readonly conditions: string[] }) {
  const { outputFiles } = await build({
    ...options,
    stdin: {
      contents: `
        import * as rxjs from 'rxjs';
        import * as parts from './lib/base/rxjs-parts.ts';
        const ours = Object.entries(parts);
        export const names = ours.filter(([name, part]) => rxjs[name] !== part).map(([name]) => name);
        export const compared = ours.length;
      `,
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  });
  const bundle = `data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`;
  return (await import(/* @vite-ignore */ bundle)) as { names: string[]; compared: number };
}

describe('the parts of RxJS', () => {
  test.each(Object.entries(parts))('are those of the whole: %s', (name, part) => {
    expect(part).toBe(whole[name]);
  });

  test.each([
    { platform: 'node', conditions: [] },
    { platform: 'browser', conditions: ['module'] },
    { platform: 'browser', conditions: ['es2015', 'module'] },
  ] as const)(
    'are those of the whole in a bundle for $platform, with the conditions $conditions',
    async (options) => {
      const { names, compared } = await twice({ ...options, conditions: [...options.conditions] });
      expect(names).toEqual([]);
      expect(compared).toBe(Object.keys(parts).length);
    },
  );
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { captureContext, currentMark, marked } from '../../lib/base/async-context.ts';

describe('captureContext', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('enters the context of the capture, whoever calls', () => {
    const tenant = new AsyncLocalStorage<string>();
    const enter = tenant.run('first', captureContext);
    const seen = tenant.run('second', () => [enter(() => tenant.getStore()), tenant.getStore()]);
    expect(seen).toEqual(['first', 'second']);
  });

  test('is empty where it was captured outside of every store', () => {
    const tenant = new AsyncLocalStorage<string>();
    const enter = captureContext();
    expect(tenant.run('other', () => enter(() => tenant.getStore()))).toBeUndefined();
  });

  test('gives what the work gives, throws what it throws, and can be entered again and within another', () => {
    const tenant = new AsyncLocalStorage<string>();
    const enter = tenant.run('outer', captureContext);
    const within = tenant.run('inner', captureContext);
    expect(enter(() => [tenant.getStore(), within(() => tenant.getStore()), tenant.getStore()])).toEqual([
      'outer',
      'inner',
      'outer',
    ]);
    expect(() =>
      enter(() => {
        throw new RangeError('no');
      }),
    ).toThrow(RangeError);
    expect(tenant.getStore()).toBeUndefined();
  });

  test.each([
    ['no process', undefined],
    ['a process without builtin modules', {}],
    ['a host without that module', { getBuiltinModule: () => undefined }],
    ['a host without resources', { getBuiltinModule: () => ({ AsyncLocalStorage: {} }) }],
  ])('just calls where there is %s', async (_, process) => {
    vi.stubGlobal('process', process);
    vi.resetModules();
    const fresh = await import('../../lib/base/async-context.ts');
    expect(fresh.captureContext()(() => 7)).toBe(7);
  });
});

describe('marked', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('marks all that comes of the work, and nothing else', async () => {
    const [outer, inner] = [{ name: 'outer' }, { name: 'inner' }];
    const seen: unknown[] = [];
    let later: Promise<void> | undefined;
    marked(
      outer,
      (name: string) => {
        seen.push(name, currentMark());
        later = Promise.resolve().then(() => {
          seen.push(currentMark());
        });
        marked(inner, () => seen.push(currentMark()), undefined);
      },
      'given',
    );
    expect(currentMark()).toBeUndefined();
    await later;
    expect(seen).toEqual(['given', outer, inner, outer]);
  });

  test('just does the work where there are no contexts', async () => {
    vi.stubGlobal('process', undefined);
    vi.resetModules();
    const fresh = await import('../../lib/base/async-context.ts');
    const seen: unknown[] = [fresh.currentMark()];
    fresh.marked({}, (name: string) => seen.push(name, fresh.currentMark()), 'given');
    expect(seen).toEqual([undefined, 'given', undefined]);
  });
});

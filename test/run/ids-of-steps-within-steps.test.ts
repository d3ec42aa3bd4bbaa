import { forEachStep, type Step, step, subflow, type Workflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

const value = (id: string): Step<number, never> => step(id, () => 1);
const within = (id: string, ...steps: Step<unknown, never>[]): Step<unknown, never> =>
  subflow(id, workflow('inner', Object.fromEntries(steps.map((each, place) => [String(place), each]))));
const fan = (id: string, keys: readonly (string | number)[]): Step<unknown, never> =>
  forEachStep(id, { items: keys }, () => 1, { key: (key) => key });

function idsOf(...steps: Step<unknown, never>[]): string[] {
  const run = play(workflow('w', Object.fromEntries(steps.map((each, place) => [String(place), each]))));
  expectSound(run);
  expect(run.error).toBeUndefined();
  return run.all('step-started').map(({ stepId }) => stepId);
}

describe('the path of a step within another escapes what separates the parts', () => {
  test.each([
    ['of a subflow', [within('s', value('a'))], ['s', 's/a']],
    ['of a child', [fan('f', ['k', 1])], ['f', 'f[k]', 'f[1]']],
    ['with a slash', [within('s', value('a/b'))], ['s', 's/a%2Fb']],
    ['with brackets', [within('s', value('a[b]'))], ['s', 's/a%5Bb%5D']],
    ['with a percent sign', [within('s', value('100%'))], ['s', 's/100%25']],
    [
      'of a key',
      [fan('f', ['a/b', 'a[b]', 'a%b', ' '])],
      ['f', 'f[a%2Fb]', 'f[a%5Bb%5D]', 'f[a%25b]', 'f[ ]'],
    ],
    ['of the outer step', [within('a/b', value('c'))], ['a/b', 'a%2Fb/c']],
    ['of an outer fan-out', [fan('a[b]', ['c'])], ['a[b]', 'a%5Bb%5D[c]']],
    [
      'at each level',
      [within('s/', within('/t', fan('f%', ['['])))],
      ['s/', 's%2F/%2Ft', 's%2F/%2Ft/f%25', 's%2F/%2Ft/f%25[%5B]'],
    ],
  ] as const)('%s', (_, steps, ids) => {
    expect(idsOf(...steps)).toStrictEqual(ids);
  });
});

describe('two steps of a run never share an id', () => {
  test.each<[string, Step<unknown, never>[]]>([
    ['a root step called s/a beside s with a', [value('s/a'), within('s', value('a'))]],
    ['one called f[0] beside f', [value('f[0]'), fan('f', [0])]],
    ['one called like the escaped path', [value('s/a'), value('%73/a'), within('s', value('a'))]],
    [
      'two subflows one of which is called like a step of the other',
      [within('s', within('a', value('b'))), within('s/a', value('b'))],
    ],
    ['a/b in s beside b in s/a', [within('s', value('a/b'), within('a', value('b')))]],
    ['a fan-out called like a child', [fan('f', [0]), fan('f[0]', [0]), within('f', value('x'))].slice(0, 2)],
    ['%2F in an id beside a slash', [within('s', value('a%2Fb'), value('a/b'))]],
    ['keys that escape alike', [fan('f', ['%2F', '/'])]],
    ['ids that are empty but for what is escaped', [within('/', value('/')), value('//'), value('%2F//')]],
    ['ids of other scripts', [value('é/a'), within('é', value('a'))]],
    ['half a letter', [value('\ud83c/a'), within('\ud83c', value('a'))]],
  ])('%s', (_, steps) => {
    const ids = idsOf(...steps);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('1 and the text 1 are one key', () => {
  const run = play(workflow('w', { f: fan('f', [1, '1']) }));
  expect(run.error).toMatchObject({ cause: { code: 'DUPLICATE_KEY', key: '1', places: [0, 1] } });
});

test.each([Number.NaN, Infinity, -Infinity, '', undefined, null, {}, true, 1n])('%s is no key', (key) => {
  const run = play(
    workflow('w', { f: forEachStep('f', { items: [1] }, () => 1, { key: () => key as string, retry: 3 }) }),
  );
  expect(run.error).toMatchObject({ attempts: 1, cause: { code: 'INVALID_OPTIONS' } });
  expect(String(run.error)).toContain('the key of item 0');
});

test('given, cancelStep and errors go by the path', () => {
  const inner = workflow('inner', { a: step('a', broken) });
  const outer = (): Workflow<unknown, never> =>
    workflow('w', { one: value('s/a'), sub: subflow('s', inner) });
  const run = play(outer());
  expect(run.error).toMatchObject({ cause: { stepId: '%73/a' } });
  const given = play(outer(), { given: { '%73/a': 7 } });
  expect(given.result).toMatchObject({ one: 1, sub: { a: 7 } });
  const root = play(outer(), { given: { 's/a': 7 } });
  expect(root.error).toMatchObject({ cause: { stepId: '%73/a' } });
});

import { defineWorkflow, type Graph, step, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';

/** The graph of a drawing such as `c: a b`, a line a step. */
function graph(...lines: string[]): Graph {
  const definitions = lines.map((line) => {
    const [id = '', needs = ''] = line.split(':');
    return { id, dependsOn: needs.split(' ').filter((name) => name !== ''), run: () => id };
  });
  return defineWorkflow('drawn', definitions).graph;
}

const diamond = graph('d: b c', 'b: a', 'c: a', 'a', 'alone');

describe('a graph', () => {
  test('tells its steps in the order of definition', () => {
    expect([diamond.size, diamond.ids]).toStrictEqual([5, ['d', 'b', 'c', 'a', 'alone']]);
    expect([diamond.has('a'), diamond.has('z'), diamond.has('constructor')]).toStrictEqual([
      true,
      false,
      false,
    ]);
  });

  test('tells each step’s neighbours, each once', () => {
    expect(diamond.dependenciesOf('d')).toStrictEqual(['b', 'c']);
    expect(diamond.dependentsOf('a')).toStrictEqual(['b', 'c']);
    expect([diamond.dependenciesOf('a'), diamond.dependentsOf('d')]).toStrictEqual([[], []]);
    expect(graph('a', 'b: a a a').dependentsOf('a')).toStrictEqual(['b']);
  });

  test('knows no neighbours of an unknown step', () => {
    expect([diamond.dependenciesOf('z'), diamond.dependentsOf('z')]).toStrictEqual([[], []]);
  });

  test('has a topological order, by definition among those that are free', () => {
    expect(diamond.topologicalOrder()).toStrictEqual(['a', 'alone', 'b', 'c', 'd']);
    expect(graph('z', 'y', 'x').topologicalOrder()).toStrictEqual(['z', 'y', 'x']);
  });

  test.each<[string[], string[]]>([
    [[], ['a', 'alone']],
    [['a'], ['b', 'c', 'alone']],
    [
      ['a', 'b'],
      ['c', 'alone'],
    ],
    [['a', 'b', 'c', 'alone'], ['d']],
    [['a', 'b', 'c', 'd', 'alone'], []],
    [['unknown'], ['a', 'alone']],
  ])('with %o settled, the ready steps are %o', (settled, ready) => {
    expect(diamond.readySteps(settled)).toStrictEqual(ready);
  });
});

describe('the critical path is the longest one', () => {
  test('in steps by default', () => {
    expect(graph('a', 'b: a', 'c: b', 'x', 'y: x').criticalPath()).toStrictEqual({
      steps: ['a', 'b', 'c'],
      length: 3,
    });
  });

  test('by weights, as a record or a function; a step without one weighs nothing', () => {
    const two = graph('a', 'b: a', 'c: b', 'x', 'y: x');
    expect(two.criticalPath({ x: 5, y: 5, a: 1 })).toStrictEqual({ steps: ['x', 'y'], length: 10 });
    expect(two.criticalPath((id) => (id === 'c' ? 100 : 1))).toStrictEqual({
      steps: ['a', 'b', 'c'],
      length: 102,
    });
  });

  test('the first in the order of definition where several are as long', () => {
    expect(diamond.criticalPath().steps).toStrictEqual(['a', 'b', 'd']);
  });
});

describe('a hundred thousand steps need no deeper stack than one, and no more than linear time', () => {
  const size = 100_000;
  const run = (): number => 1;

  test('in a chain of definitions', () => {
    const definitions = Array.from({ length: size }, (_, index) => ({
      id: String(index),
      dependsOn: index === 0 ? [] : [String(index - 1)],
      run,
    }));
    const chain = defineWorkflow('chain', definitions.reverse()).graph;
    expect(chain.topologicalOrder()[size - 1]).toBe(String(size - 1));
    expect(chain.criticalPath().length).toBe(size);
    expect(chain.readySteps([])).toStrictEqual(['0']);
  });

  test('in a fan', () => {
    const leaves = Array.from({ length: size }, (_, index) => ({
      id: String(index),
      dependsOn: ['root'],
      run,
    }));
    const fan = defineWorkflow('fan', [
      { id: 'root', run },
      ...leaves,
      { id: 'end', dependsOn: leaves.map(({ id }) => id), run },
    ]).graph;
    expect(fan.dependentsOf('root')).toHaveLength(size);
    expect(fan.criticalPath()).toMatchObject({ steps: ['root', '0', 'end'] });
  });

  test('in one cycle', () => {
    const definitions = Array.from({ length: size }, (_, index) => ({
      id: String(index),
      dependsOn: [String((index + 1) % size)],
      run,
    }));
    expect(() => defineWorkflow('ring', definitions)).toThrow('a cycle: 0 → ');
  });

  test('in a chain of handles', () => {
    let last = step('0', () => 0);
    for (let index = 1; index < size; index++)
      last = step(String(index), { last }, ({ last: before }) => before + 1);
    expect(workflow('chain', { last }).graph.size).toBe(size);
  });
});

import type { TestSequencer, TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/**
 * What takes long by itself, the longest first: processes that are started one after the other, compilers, memory that is measured. On a
 * machine that hasn't run the tests before, Vitest goes by the sizes of files, which are small here, and would begin with these last.
 */
const long = [
  'docs/snippets',
  'store/killed-at-any-instant',
  'examples/server',
  'examples/site',
  'flights/demo',
  'run/nothing-is-left',
  'report/live-page',
  'types/',
  'bullmq/',
  'workers/lifecycle',
  'operators/merge-map-within.scale',
  'workers/soak',
  'workers/',
  'examples/',
  'command/',
  '.process.',
];

/** In Vitest's order otherwise, which is by how long files took the last time, where that is known. */
export class LongestFirst extends BaseSequencer implements TestSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project.name))];
    return projects.flatMap((name) =>
      sorted.filter(({ project }) => project.name === name).toSorted((one, other) => rank(one) - rank(other)),
    );
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = long.findIndex((part) => moduleId.includes(part));
  return place === -1 ? long.length : place;
}

import { writeFile } from 'node:fs/promises';
import { input, optional, step, subflow, type, workflow } from 'millrace';
import type { Entry } from './digest.ts';
import { inventory } from './inventory.ts';

type Kind = 'same' | 'changed' | 'onlyLeft' | 'onlyRight' | 'unreadable';

/** What two folders have in common, and what they haven't: each path once, in the order of the alphabet. */
export interface Comparison extends Readonly<Record<Kind, readonly string[]>> {
  /** Those whose content is in the other folder under another name. */
  readonly moved: readonly Move[];
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** Compares what is known of the files of two folders. */
function compare(left: readonly Entry[], right: readonly Entry[]): Comparison {
  const leftBy = byPath(left);
  const rightBy = byPath(right);
  const found: Record<Kind, string[]> = {
    same: [],
    changed: [],
    onlyLeft: [],
    onlyRight: [],
    unreadable: [],
  };
  for (const path of [...new Set([...leftBy.keys(), ...rightBy.keys()])].sort())
    found[kindOf(leftBy.get(path), rightBy.get(path))].push(path);
  const moved = movesAmong(
    found.onlyLeft.map((path) => leftBy.get(path) as Entry),
    found.onlyRight.map((path) => rightBy.get(path) as Entry),
  );
  const gone = new Set(moved.map(({ from }) => from));
  const come = new Set(moved.map(({ to }) => to));
  return {
    ...found,
    onlyLeft: found.onlyLeft.filter((path) => !gone.has(path)),
    onlyRight: found.onlyRight.filter((path) => !come.has(path)),
    moved,
  };
}

function byPath(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

function kindOf(left: Entry | undefined, right: Entry | undefined): Kind {
  if ([left, right].some((entry) => entry !== undefined && entry.digest === undefined)) return 'unreadable';
  if (left === undefined) return 'onlyRight';
  if (right === undefined) return 'onlyLeft';
  return left.digest === right.digest ? 'same' : 'changed';
}

function movesAmong(gone: readonly Entry[], come: readonly Entry[]): Move[] {
  const rest = [...come];
  return gone.flatMap(({ path, digest }) => {
    const at = rest.findIndex((entry) => entry.digest === digest);
    return at < 0 ? [] : rest.splice(at, 1).map((entry) => ({ from: path, to: entry.path }));
  });
}

const left = input('left', type<string>());
const right = input('right', type<string>());
const file = input('file', type<string | undefined>());

const ofLeft = subflow('left', inventory, { inputs: { folder: left } });
const ofRight = subflow('right', inventory, { inputs: { folder: right } });
const comparison = step('comparison', { ofLeft, ofRight }, (inputs) =>
  compare(inputs.ofLeft.entries, inputs.ofRight.entries),
);
const written = step(
  'written',
  { comparison, file },
  async (inputs) => {
    await writeFile(inputs.file as string, `${JSON.stringify(inputs.comparison, undefined, 2)}\n`);
  },
  { resource: 'heavy-io', when: (inputs) => inputs.file !== undefined },
);

/** Compares two folders, and writes the comparison to a file where one is given. */
export const comparing = workflow('compare', { comparison, written: optional(written) });

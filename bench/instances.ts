import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Definition, defineWorkflow, type Workflow } from 'millrace';

/** A scheduling problem with the best makespan known. */
export interface Instance {
  readonly name: string;
  readonly set: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly tasks: readonly {
    readonly id: number | string;
    readonly duration: number;
    readonly deps: readonly (number | string)[];
    readonly demand: Readonly<Record<string, number>>;
  }[];
  readonly best: {
    readonly makespan: number;
    readonly kind: 'optimal' | 'bestKnown';
    readonly lb: number;
  };
}

const place = '../shared/data/scheduling';

/** Where the instances lie beside the repository: open data that isn't part of it. Ends the process where they don't. */
export function instancesFolder(): string {
  if (existsSync(place)) return place;
  console.error(
    `There is nothing to measure with: the scheduling problems are open data that isn't part of this repository, and are expected in ${resolve(place)}.`,
  );
  process.exit(1);
}

/** The instances of one file. */
export function readInstances(folder: string, file: string): Instance[] {
  const text = gunzipSync(readFileSync(`${folder}/${file}.jsonl.gz`)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Instance);
}

/** The problem as a workflow: its durations are the estimates. A class of the instance is one of the user's own. */
export function workflowOf({ name, tasks }: Instance): Workflow {
  return defineWorkflow(
    name,
    tasks.map(
      ({ id, duration, deps, demand }): Definition => ({
        id: stepId(id),
        dependsOn: deps.map(stepId),
        run: () => undefined,
        resource: demand,
        estimate: duration,
      }),
    ),
  );
}

/** The id of a task's step. */
export function stepId(id: number | string): string {
  return `t${String(id)}`;
}

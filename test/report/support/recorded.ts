import {
  choose,
  type Definition,
  defineWorkflow,
  forEachStep,
  optional,
  type ProgressEvent,
  type RunOptions,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import type { PicturedRun } from 'millrace/report';
import { VirtualTime } from 'millrace/testing';
import { map, timer } from 'rxjs';

export interface Recorded {
  readonly workflow: Workflow;
  readonly log: PicturedRun;
  readonly run: ReturnType<Workflow['run']>;
}

/** Runs a workflow in virtual time, and gives what happened. */
export function record(
  definitions: readonly Definition[],
  limits: Readonly<Record<string, number>>,
  options: RunOptions<never> = {},
): Recorded {
  return recordOf(defineWorkflow('recorded', definitions), limits, options);
}

/** The same of any workflow. */
export function recordOf(
  workflow: Workflow,
  limits: Readonly<Record<string, number>>,
  options: RunOptions<never> = {},
): Recorded {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = workflow.run({ limits, scheduler, ...options });
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  return { workflow, run, log: { workflow, limits, events } };
}

/** A step that takes some time. */
export function taking(ms: number): Definition['run'] {
  return (_, { scheduler }) => timer(ms, scheduler).pipe(map(() => ms));
}

/** A subflow with a fan-out of so many items, and branches of which one isn't taken. */
export function growing(items: number): Workflow {
  const pages = forEachStep(
    'page',
    { items: Array.from({ length: items }, (_, place) => place) },
    (_, __, { scheduler }) => timer(10, scheduler),
    { resource: 'light-io' },
  );
  const book = subflow('book', workflow('pages', { pages }));
  const [hard, soft] = ['hard cover', 'soft cover'].map((id) => step(id, () => id));
  const cover = choose('cover', { book }, () => 'soft', { hard: hard as never, soft: soft as never });
  const signed = step('signed', { cover }, () => true, { when: () => false });
  return workflow('recorded', { cover, signed: optional(signed) });
}

/** As many steps in layers of twenty, in groups, each with one or two dependencies in the layer before. */
export function layered(count: number): Definition[] {
  return Array.from({ length: count }, (_, place) => {
    const layer = Math.floor(place / 20);
    const before = (layer - 1) * 20;
    const needs = new Set([before + (place % 20), before + ((place * 7) % 20)]);
    return {
      id: `step ${String(place)}`,
      dependsOn: layer === 0 ? [] : [...needs].map((other) => `step ${String(other)}`),
      run: taking(10 + ((place * 37) % 90)),
      resource: (['heavy-cpu', 'light-io', { 'heavy-io': 1, memory: '64MiB' }] as const)[place % 3],
      group: `stage ${String(Math.floor(layer / 5))}`,
    };
  });
}

export const roomy = { 'heavy-cpu': 4, 'light-io': 8, 'heavy-io': 4, memory: 2 ** 30 };

/** Ids that mean something in some language. */
export const nasty = [
  'plain',
  'end',
  'quotes " and \' and `',
  'a\nnew line',
  '</script><script>globalThis.pwned = true</script>',
  '<img src=x onerror="globalThis.pwned = true">',
  '#quot; &amp; #35;',
  'back\\slash\\',
  '日本語 🚀 ünï',
  '**bold** `code` [link](javascript:alert(1))',
  'subgraph; graph { } --> [x] %% comment',
  '<!--',
];

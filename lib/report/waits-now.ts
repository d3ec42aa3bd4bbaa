import type { StepStatus } from '../observe/step-status.ts';
import type { PicturedStep } from './pictured-workflow.ts';

/** For what several steps wait. */
export interface WaitingFor {
  /**
   * `step`: until it is over. `class`: until there is room in it. `paused`: until it, or all, is resumed. `back-off`: until they are tried
   * again. `turn`: there is room, and they start at any moment, or a rate, a worker or another run holds them back.
   */
  readonly why: 'step' | 'class' | 'paused' | 'back-off' | 'turn';
  /** The step or the class; empty where all is paused, and where it is neither. */
  readonly what: string;
  /** The steps that wait, in the order of definition. */
  readonly steps: readonly string[];
}

/** What has to be known of a run to say what its steps wait for. */
export interface Standing {
  readonly steps: Iterable<{ readonly info: PicturedStep; readonly status: StepStatus }>;
  readonly resources: Readonly<Record<string, { readonly taken: number; readonly limit: number }>>;
  readonly isPaused: boolean;
  readonly pausedResources: readonly string[];
}

/** What waits, and for what: the steps that most wait for first. Linear in steps and dependencies. */
export function waitsNow(standing: Standing): WaitingFor[] {
  const all = [...standing.steps];
  const statusOf = new Map(all.map(({ info, status }) => [info.id, status]));
  const groups = new Map<string, { readonly why: WaitingFor['why']; what: string; steps: string[] }>();
  for (const { info, status } of all) {
    for (const [why, what] of reasons(info, status, standing, statusOf)) {
      const name = `${why} ${what}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { why, what, steps: [info.id] });
      else group.steps.push(info.id);
    }
  }
  return [...groups.values()].sort((left, right) => right.steps.length - left.steps.length);
}

type Reason = readonly [why: WaitingFor['why'], what: string];

function reasons(
  info: PicturedStep,
  status: StepStatus,
  standing: Standing,
  statusOf: ReadonlyMap<string, StepStatus>,
): Reason[] {
  switch (status) {
    case 'retrying':
      return [['back-off', '']];
    case 'ready':
      return [reasonOfReady(info, standing)];
    case 'waiting':
      return (
        info.dependsOn
          // What waits itself is told of by its own line: here is what is at work, or about to be.
          .filter((id) => isNext(statusOf.get(id)))
          .map((id): Reason => ['step', id])
      );
    default:
      return [];
  }
}

function isNext(status: StepStatus | undefined): boolean {
  return status === 'running' || status === 'ready' || status === 'retrying';
}

function reasonOfReady(
  { demand = {} }: PicturedStep,
  { resources, isPaused, pausedResources }: Standing,
): Reason {
  if (isPaused) return ['paused', ''];
  const demanded = [...Object.entries(demand), ['concurrency', 1] as const];
  const paused = demanded.find(([name]) => pausedResources.includes(name));
  if (paused !== undefined) return ['paused', paused[0]];
  const full = demanded.find(([name, amount]) => {
    const resource = resources[name];
    return resource !== undefined && resource.taken + amount > resource.limit;
  });
  return full === undefined ? ['turn', ''] : ['class', full[0]];
}

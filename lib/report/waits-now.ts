import type { StepStatus } from '../observe/step-status.ts';
import type { WaitReason, Waits } from '../observe/wait-reason.ts';
import type { PicturedStep } from './pictured-workflow.ts';

/** What several steps wait for. */
export interface WaitingFor {
  readonly for: WaitReason;
  /** Whether they have all that they need of other steps. */
  readonly isReady: boolean;
  readonly count: number;
  /** Those of the workflow's own, in the order of definition; else the one that is to go first. */
  readonly steps: readonly string[];
}

/** What has to be known of a run to say what its steps wait for. */
export interface Standing {
  readonly steps: Iterable<{
    readonly info: PicturedStep;
    readonly status: StepStatus;
    readonly retryAt: number | undefined;
  }>;
  /** What a run of this process says of its steps; what is known of others is worked out. */
  readonly waits: readonly Waits[];
  readonly waitingFor: ReadonlyMap<string, WaitReason>;
  readonly resources: Readonly<Record<string, { readonly taken: number; readonly limit: number }>>;
  readonly isPaused: boolean;
  readonly pausedResources: readonly string[];
}

/** What waits, and for what: what most wait for first. Linear in steps and dependencies. */
export function waitsNow(standing: Standing): WaitingFor[] {
  const groups = new Map<string, { for: WaitReason; isReady: boolean; count: number; steps: string[] }>();
  const add = (reason: WaitReason, isReady: boolean, stepId: string): void => {
    const name = nameOf(reason);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { for: reason, isReady, count: 1, steps: [stepId] });
    else {
      group.count++;
      group.steps.push(stepId);
    }
  };
  const all = [...standing.steps];
  const statusOf = new Map(all.map(({ info, status }) => [info.id, status]));
  for (const { info, status, retryAt } of all) {
    if (status === 'retrying') add({ kind: 'back-off', until: retryAt ?? 0 }, false, info.id);
    else if (status === 'ready') add(reasonOfReady(info, standing), true, info.id);
    else if (status === 'waiting')
      for (const reason of reasonsOf(info, standing, statusOf)) add(reason, false, info.id);
  }
  // It counts what came while the run was under way, too.
  for (const { for: reason, count, first } of standing.waits) {
    const group = groups.get(nameOf(reason));
    if (group === undefined)
      groups.set(nameOf(reason), { for: reason, isReady: true, count, steps: [first] });
    else group.count = Math.max(group.count, count);
  }
  return [...groups.values()].sort((left, right) => right.count - left.count);
}

/** Back-offs end at different times, and are one thing to wait for. */
function nameOf(reason: WaitReason): string {
  return reason.kind === 'back-off' ? reason.kind : JSON.stringify(reason);
}

/** What waits itself is told of by its own line: of what a step needs, here is what is at work, or about to be. */
function reasonsOf(
  { id, dependsOn }: PicturedStep,
  { waitingFor }: Standing,
  statusOf: ReadonlyMap<string, StepStatus>,
): WaitReason[] {
  const told = waitingFor.get(id);
  if (told !== undefined && told.kind !== 'step') return [told];
  return dependsOn
    .filter((needed) => isNext(statusOf.get(needed)))
    .map((stepId) => ({ kind: 'step', stepId }));
}

function isNext(status: StepStatus | undefined): boolean {
  return status === 'running' || status === 'ready' || status === 'retrying';
}

function reasonOfReady({ id, demand = {} }: PicturedStep, standing: Standing): WaitReason {
  const { resources, isPaused, pausedResources, waitingFor } = standing;
  const told = waitingFor.get(id);
  if (told !== undefined) return told;
  if (isPaused) return { kind: 'pause' };
  const demanded = [...Object.entries(demand), ['concurrency', 1] as const];
  const paused = demanded.find(([name]) => pausedResources.includes(name));
  if (paused !== undefined) return { kind: 'pause', resource: paused[0] };
  const full = demanded.find(([name, amount]) => {
    const resource = resources[name];
    return resource !== undefined && resource.taken + amount > resource.limit;
  });
  return full === undefined ? { kind: 'turn' } : { kind: 'resource', resource: full[0] };
}

import type { Limits } from '../admission/limits.ts';
import { InvalidOptionsError, MillraceError } from '../base/errors.ts';
import { messageOf } from '../base/inspect.ts';
import type { DashboardRun, WatchedRun } from './dashboard-run.ts';
import type { DashboardRuns } from './dashboard-runs.ts';

/** What the page is answered: a status of HTTP, and what to say. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What can be asked of a run, as it comes from the page. */
interface Asked {
  readonly runId?: unknown;
  readonly drain?: unknown;
  readonly resource?: unknown;
  readonly limits?: unknown;
  readonly stepId?: unknown;
}

type Action = (run: WatchedRun, asked: Asked) => string | Promise<string>;

const reason = 'cancelled from the dashboard';

/** By path. Each says what is going to happen; where a run can't do it, there is nothing to be called. */
const actions: Readonly<Record<string, Action>> = {
  '/cancel': async (run, { drain }) => {
    // One that can only be asked to cancel knows of no drain.
    await (drain === true ? run.cancel(reason, { drain: true }) : run.cancel(reason));
    return drain === true ? 'no further step starts; those that run may finish' : 'the run was told to stop';
  },
  '/pause': (run, asked) => {
    const resource = textOf(asked.resource);
    need(run.pause).call(run, resource);
    return resource === undefined
      ? 'paused: what runs goes on, nothing starts'
      : `paused what demands ${resource}`;
  },
  '/resume': (run, asked) => {
    const resource = textOf(asked.resource);
    need(run.resume).call(run, resource);
    return resource === undefined ? 'resumed' : `resumed what demands ${resource}`;
  },
  '/limits': (run, { limits }) => {
    need(run.setLimits).call(run, withRates(limits, run.limits));
    return 'the limits are changed';
  },
  '/cancel-step': (run, { stepId }) => {
    need(run.cancelStep).call(run, String(stepId), reason);
    return `step ${String(stepId)} was told to stop`;
  },
};

/** Whether there is something to be asked at a path. */
export function isAction(path: string): boolean {
  return Object.hasOwn(actions, path);
}

/** Does what somebody with the token asks, and says in words what came of it. */
export async function steer(runs: DashboardRuns, path: string, body: string): Promise<Answer> {
  const asked = askedIn(body);
  const found = runs.get(String(asked?.runId));
  if (asked === undefined || found === undefined)
    return { status: 404, text: 'There is no such run any more: it is over, and was forgotten.' };
  const { run } = found;
  if (run === undefined) return { status: 409, text: over(found) };
  try {
    return { status: 202, text: await (actions[path] as Action)(run, asked) };
  } catch (error) {
    return { status: error instanceof MillraceError ? 400 : 500, text: messageOf(error) };
  }
}

/** A plain number takes a rate away, which nobody has asked for here. */
function withRates(limits: unknown, now: WatchedRun['limits'] = { concurrency: Infinity }): Limits {
  if (typeof limits !== 'object' || limits === null) return limits as Limits;
  return Object.fromEntries(
    Object.entries(limits as Limits).map(([name, limit]) => {
      const before = Object.hasOwn(now, name) ? now[name] : undefined;
      return [name, typeof before === 'object' && typeof limit === 'number' ? { ...before, limit } : limit];
    }),
  );
}

function over({ line }: DashboardRun): string {
  return line.status === 'interrupted'
    ? 'Nobody is at this run any more, so that there is nobody to ask.'
    : `The run is over: it has ${line.status === 'completed' ? 'completed' : `ended as ${line.status}`}.`;
}

function need<Method>(method: Method | undefined): Method {
  if (method !== undefined) return method;
  throw new InvalidOptionsError('the dashboard', [
    {
      option: 'the run',
      expected: 'one of this process; of one of another, only a cancel can be asked',
      value: 'another',
    },
  ]);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function askedIn(body: string): Asked | undefined {
  try {
    const asked = JSON.parse(body) as unknown;
    return typeof asked === 'object' && asked !== null ? asked : undefined;
  } catch {
    return undefined;
  }
}

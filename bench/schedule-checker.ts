import { type Instance, stepId } from './instances.ts';

/** When a task runs. */
interface Placed {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/** Checks a schedule against its instance, independently of the library; throws at the first fault. Gives its length. */
export function checkedMakespan(instance: Instance, schedule: readonly Placed[]): number {
  const placed = new Map(schedule.map((step) => [step.id, step]));
  const fault = (what: string): never => {
    throw new Error(`${instance.name}: ${what}`);
  };
  if (placed.size !== instance.tasks.length || schedule.length !== placed.size) fault('not every task once');
  const changes = new Map<string, [time: number, amount: number][]>();
  let makespan = 0;
  for (const task of instance.tasks) {
    const step = placed.get(stepId(task.id)) ?? fault(`${String(task.id)} is missing`);
    if (step.end - step.start !== task.duration) fault(`${step.id} takes another time`);
    makespan = Math.max(makespan, step.end);
    for (const dep of task.deps) {
      if ((placed.get(stepId(dep))?.end ?? Infinity) > step.start) fault(`${step.id} starts too early`);
    }
    if (task.duration === 0) continue;
    for (const [name, amount] of Object.entries(task.demand)) {
      const list = changes.get(name) ?? [];
      list.push([step.start, amount], [step.end, -amount]);
      changes.set(name, list);
    }
  }
  for (const [name, list] of changes) {
    let taken = 0;
    // What ends gives back before what starts takes.
    for (const [time, amount] of list.sort((left, right) => left[0] - right[0] || left[1] - right[1])) {
      taken += amount;
      if (taken > (instance.resources[name] ?? 0)) fault(`${name} is exceeded at ${String(time)}`);
    }
  }
  if (makespan < instance.best.lb)
    fault(`${String(makespan)} is below the bound ${String(instance.best.lb)}`);
  return makespan;
}

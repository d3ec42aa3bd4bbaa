/**
 * How good plans are: mean percentage above the best makespan known, of the run that follows the plan and of the run
 * without one. Every schedule is checked. Arguments: how many schedules to try, by default 1000, and the sets.
 */
import { plan, simulate } from 'millrace/simulate';
import { type Instance, instancesFolder, readInstances, workflowOf } from './instances.ts';
import { checkedMakespan } from './schedule-checker.ts';
import { table } from './statistics.ts';

const [most = '1000', ...wanted] = process.argv.slice(2);
const sets = wanted.length > 0 ? wanted : ['j30', 'j60', 'j120', 'stg50', 'wf-pegasus', 'wf-nextflow'];
const folder = instancesFolder();

const rows: string[][] = [];
for (const set of sets) {
  for (const simultaneous of ['in-turn', 'together'] as const) {
    const start = performance.now();
    const planned = readInstances(folder, set).map((instance) => excesses(instance, simultaneous));
    const seconds = (performance.now() - start) / 1000;
    const mean = (of: (one: (typeof planned)[number]) => number): number =>
      planned.reduce((sum, one) => sum + of(one), 0) / planned.length;
    const cells = [mean(({ without }) => without), mean(({ followed }) => followed)];
    rows.push([
      `${set}, ${simultaneous}`,
      ...cells.map((percent) => percent.toFixed(2)),
      mean(({ schedules }) => schedules).toFixed(0),
      ((seconds * 1000) / planned.length).toFixed(0),
    ]);
  }
}
console.log('mean % above the best makespan known\n');
console.log(table(['set', 'without a plan', 'with a plan', 'schedules tried', 'ms an instance'], rows));

function excesses(instance: Instance, simultaneous: 'in-turn' | 'together') {
  const flow = workflowOf(instance);
  const conditions = { limits: instance.resources, simultaneous };
  const found = plan(flow, { ...conditions, schedules: Number(most) });
  const followed = checkedMakespan(instance, simulate(flow, { ...conditions, plan: found }).schedule);
  if (followed !== found.makespan)
    throw new Error(
      `${instance.name}: the plan says ${String(found.makespan)}, followed it takes ${String(followed)}`,
    );
  const percent = (makespan: number): number => 100 * (makespan / instance.best.makespan - 1);
  const without = checkedMakespan(instance, simulate(flow, conditions).schedule);
  return { without: percent(without), followed: percent(followed), schedules: found.schedules };
}

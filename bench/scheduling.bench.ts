/**
 * How good the engine's schedules are: mean percentage above the best makespan known, on public scheduling problems.
 *
 * The engine runs each in simulation: as a live run would, with barriers as by default and without; and with what ends
 * at one instant ending together, as in the literature. Every schedule is checked.
 * Arguments: the sets, by default all.
 */
import { type Conditions, simulate } from 'millrace/simulate';
import { type Instance, instancesFolder, readInstances, workflowOf } from './instances.ts';
import { checkedMakespan } from './schedule-checker.ts';
import { table } from './statistics.ts';

const files = [
  ...['j30', 'j60', 'j90', 'j120', 'rg300', 'stg50', 'stg100', 'stg300', 'stg1000', 'stg-app', 'jobshop'],
  ...['wf-pegasus', 'wf-makeflow', 'wf-nextflow', 'wf-composite', 'estee', 'ninja'],
];
const wanted = process.argv.slice(2);
const folder = instancesFolder();

const rows: string[][] = [];
for (const file of files.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const instances = readInstances(folder, file);
  rows.push(rowOf(file, instances));
  const proven = instances.filter(({ best }) => best.kind === 'optimal');
  if (file.startsWith('stg') && proven.length < instances.length) rows.push(rowOf(`${file}, proven`, proven));
}
console.log('mean % above the best makespan known\n');
console.log(
  table(['set', 'instances', 'as a run', 'maxOvertakes off', 'together', 'together, off', 'µs a step'], rows),
);

function rowOf(name: string, instances: readonly Instance[]): string[] {
  const start = performance.now();
  const byDefault = instances.map((instance) => excess(instance, {}));
  const micros = ((performance.now() - start) * 1000) / sum(instances.map(({ tasks }) => tasks.length));
  const others: Conditions[] = [
    { maxOvertakes: Infinity },
    { simultaneous: 'together' },
    { simultaneous: 'together', maxOvertakes: Infinity },
  ];
  return [
    name,
    String(instances.length),
    mean(byDefault).toFixed(2),
    ...others.map((each) => mean(instances.map((instance) => excess(instance, each))).toFixed(2)),
    micros.toFixed(1),
  ];
}

function excess(instance: Instance, conditions: Conditions): number {
  const { schedule } = simulate(workflowOf(instance), { limits: instance.resources, ...conditions });
  const makespan = checkedMakespan(instance, schedule);
  return 100 * (makespan / instance.best.makespan - 1);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

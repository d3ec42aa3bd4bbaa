/**
 * How honest `estimate()` is: over runs of real workflows in virtual time, how often the true end lies between `low` and `high`.
 *
 * What the steps really take scatters about what is known of them; "unknown" runs know nothing at all. Counted are the
 * estimates after the first 20 %. The constants were chosen on every other instance; the rest is told apart.
 * Arguments: the sets, by default those of workflow traces.
 */
import { type Definition, defineWorkflow } from 'millrace';
import { type Estimate, estimate } from 'millrace/operators';
import { map, timer, VirtualTimeScheduler } from 'rxjs';
import { seededRandom } from '../lib/base/seeded-random.ts';
import { type Instance, instancesFolder, readInstances, stepId } from './instances.ts';
import { median, table } from './statistics.ts';

const wanted = process.argv.slice(2);
const files =
  wanted.length > 0 ? wanted : ['wf-pegasus', 'wf-makeflow', 'wf-nextflow', 'wf-composite', 'estee'];

/** What is known of a step's duration, and what it really is. */
interface Knowledge {
  readonly name: string;
  readonly scatter: number;
  readonly factor: number;
  readonly isKnown: boolean;
}

const knowledges: readonly Knowledge[] = [
  { name: 'estimates, ± 20 %', scatter: 0.2, factor: 1, isKnown: true },
  { name: 'estimates, ± 50 %', scatter: 0.5, factor: 1, isKnown: true },
  { name: 'estimates that are half of it', scatter: 0.3, factor: 2, isKnown: true },
  { name: 'estimates that are twice it', scatter: 0.3, factor: 0.5, isKnown: true },
  { name: 'no estimates', scatter: 0, factor: 1, isKnown: false },
];

const folder = instancesFolder();
const instances = files.flatMap((file) => readInstances(folder, file));
const rows = knowledges.flatMap((knowledge) =>
  [0, 1].map((half) => {
    const judged = instances
      .filter((_, index) => index % 2 === half)
      .flatMap((instance, index) => judge(instance, knowledge, 1000 * half + index));
    const share = judged.filter(({ isInside }) => isInside).length / judged.length;
    return [
      knowledge.name,
      half === 0 ? 'chosen on' : 'others',
      String(judged.length),
      `${(100 * share).toFixed(1)} %`,
      `${(100 * median(judged.map(({ width }) => width))).toFixed(0)} %`,
      `${(100 * median(judged.map(({ error }) => error))).toFixed(0)} %`,
      `${(100 * median(judged.map(({ bias }) => bias))).toFixed(0)} %`,
    ];
  }),
);
console.log(`${String(instances.length)} instances\n`);
console.log(
  table(
    ['known', 'half', 'estimates', 'end inside', 'width / true rest', 'error of likely / true rest', 'bias'],
    rows,
  ),
);

function judge(instance: Instance, knowledge: Knowledge, seed: number) {
  const estimates = estimatesOf(instance, knowledge, seed);
  const end = estimates.at(-1)?.at ?? 0;
  return estimates.slice(Math.floor(estimates.length * 0.2), -1).flatMap(({ at, remaining }) => {
    const rest = end - at;
    // At the end itself there is nothing to be wrong about.
    if (rest <= 0) return [];
    if (remaining === undefined)
      return [{ isInside: false, width: Number.POSITIVE_INFINITY, error: 1, bias: 0 }];
    const { low, likely, high } = remaining;
    return [
      {
        isInside: low <= rest && rest <= high,
        width: (high - low) / rest,
        error: Math.abs(likely - rest) / rest,
        bias: Math.log(likely / rest),
      },
    ];
  });
}

function estimatesOf(
  { name, tasks, resources, best }: Instance,
  knowledge: Knowledge,
  seed: number,
): Estimate[] {
  const random = seededRandom(seed);
  const scheduler = new VirtualTimeScheduler();
  const workflow = defineWorkflow(
    name,
    tasks.map(({ id, duration, deps, demand }): Definition => {
      const takes = duration * knowledge.factor * Math.exp(knowledge.scatter * normal(random));
      return {
        id: stepId(id),
        dependsOn: deps.map(stepId),
        run: () => timer(takes, scheduler).pipe(map(() => undefined)),
        resource: demand,
        ...(knowledge.isKnown ? { estimate: duration } : {}),
      };
    }),
  );
  const run = workflow.run({ limits: resources, scheduler });
  // As many estimates of a small run as of a large one.
  const tasksEnd = best.makespan * knowledge.factor;
  const estimates: Estimate[] = [];
  run.progress$.pipe(estimate(run, { every: tasksEnd / 300 })).subscribe((one) => estimates.push(one));
  run.result$.subscribe();
  scheduler.flush();
  return estimates;
}

/** A number of the normal distribution (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

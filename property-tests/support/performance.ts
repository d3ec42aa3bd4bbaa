import type { VirtualTime } from 'millrace/testing';
import { materialize, Subject, takeUntil } from 'rxjs';
import {
  CancellationToken,
  type Definition,
  defineWorkflow,
  step as makeStep,
  workflow as makeWorkflow,
  type Run,
  type Step,
  type StepOptions,
  type Workflow,
} from '../../lib/index.ts';
import { Journal } from './journal.ts';
import type { Scenario, StepPlan } from './scenario.ts';
import { bodyOf, cleanUpOf, retryOf } from './step-body.ts';

/** What a test wants to see of a run beside its journal. */
export interface Spectator {
  /** Called when the run is made, before it is started. */
  readonly before?: (run: Run, journal: Journal, scenario: Scenario) => void;
  /** Called before each thing that was planned happens: whatever follows at once from the last one has happened. */
  readonly onTick?: (run: Run, journal: Journal, scenario: Scenario) => void;
  /** Called on each event, after it was noted. */
  readonly onEvent?: (run: Run, journal: Journal, scenario: Scenario) => void;
  /** Whether anybody subscribes to `progress$`. @defaultValue true */
  readonly hasProgress?: boolean;
  /** Makes the workflow. @defaultValue from definitions */
  readonly build?: (scenario: Scenario, journal: Journal) => Workflow;
}

/** A run that is over. */
export interface Performance {
  readonly scenario: Scenario;
  readonly journal: Journal;
  readonly run: Run;
  /** What the spectator threw first, if it did: in the middle of a run, RxJS would keep it from the test. */
  readonly complaint: { readonly error: unknown } | undefined;
}

/** Why the test cancels. */
export const cancelReason = 'the test says so';

/** Runs a scenario in virtual time until nothing is left to do. */
export function perform(scenario: Scenario, spectator: Spectator = {}): Performance {
  const journal = new Journal();
  let complaint: Performance['complaint'];
  const show = (look: Spectator['onTick']): void => {
    try {
      look?.(run, journal, scenario);
    } catch (error) {
      complaint ??= { error };
    }
  };
  const { time } = journal;
  const backOffs = new BackOffs(time);
  const token = new CancellationToken();
  const controller = new AbortController();
  const leave$ = new Subject<void>();
  const { cancels, outputs: _, random, ...options } = scenario.run;
  const workflow = (spectator.build ?? buildFromDefinitions)(scenario, journal);
  const run: Run = workflow.run({
    ...options,
    runId: 'run',
    scheduler: time.scheduler,
    random: () => random,
    token,
    signal: controller.signal,
  });
  spectator.before?.(run, journal, scenario);

  const cancelBy = (route: (typeof cancels)[number]['route']): void => {
    journal.add({ kind: 'cancelling', route });
    if (route === 'token') token.cancel(cancelReason);
    else if (route === 'signal') controller.abort(cancelReason);
    else if (route === 'leaving') leave$.next();
    else run.cancel(cancelReason, { drain: route === 'drain' });
  };
  for (const { route, when } of cancels) {
    if ('at' in when)
      time.at(when.at, () => {
        cancelBy(route);
      });
  }
  let events = 0;
  if (spectator.hasProgress !== false) {
    run.progress$.subscribe({
      next: (event) => {
        journal.add({ kind: 'event', event });
        if (event.type === 'step-retrying' && event.delayMs > 0)
          backOffs.begin(event.stepId, event.at + event.delayMs);
        show(spectator.onEvent);
        events++;
        for (const { route, when } of cancels) if ('event' in when && when.event === events) cancelBy(route);
      },
      complete: () => {
        journal.add({ kind: 'progress completed' });
      },
    });
  }
  // Materialised, so that leaving doesn't look like completing.
  run.result$.pipe(materialize(), takeUntil(leave$)).subscribe((notification) => {
    if (notification.kind === 'N') journal.add({ kind: 'result', outputs: notification.value });
    else if (notification.kind === 'E')
      journal.add({ kind: 'result error', error: notification.error as unknown });
    else journal.add({ kind: 'result completed' });
  });
  for (let { next } = time; next !== undefined; { next } = time) {
    show(spectator.onTick);
    journal.add({ kind: 'tick', backOffOf: backOffs.endedNext }, next);
    time.step();
  }
  return { scenario, journal, run, complaint };
}

/** Which step's back-off is over with what is planned: it is what is planned first once the step has told of it. */
class BackOffs {
  readonly #time: VirtualTime;
  readonly #stepIds = new Map<unknown, string>();
  #begun:
    | { readonly stepId: string; readonly due: number; readonly before: ReadonlySet<unknown> }
    | undefined;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  begin(stepId: string, due: number): void {
    this.#find();
    this.#begun = { stepId, due, before: new Set(this.#time.scheduler.actions) };
  }

  /** The step whose back-off is over with what happens next, if it is one's. */
  get endedNext(): string | undefined {
    this.#find();
    return this.#stepIds.get(this.#time.scheduler.actions[0]);
  }

  #find(): void {
    if (this.#begun === undefined) return;
    const { stepId, due, before } = this.#begun;
    const action = this.#time.scheduler.actions.find((each) => each.delay === due && !before.has(each));
    // A stop of the same moment may have ended it.
    if (action !== undefined) this.#stepIds.set(action, stepId);
    this.#begun = undefined;
  }
}

/** The scenario's workflow, as data. */
function buildFromDefinitions(scenario: Scenario, journal: Journal): Workflow {
  const { outputs } = scenario.run;
  return defineWorkflow('scenario', definitionsOf(scenario, journal), { outputs });
}

/** The scenario's steps as definitions. */
function definitionsOf({ steps }: Scenario, journal: Journal): Definition[] {
  return steps.map((step) => ({
    id: step.id,
    dependsOn: step.dependsOn,
    run: bodyOf(step, journal),
    ...optionsOf(step, journal),
  }));
}

/** The scenario's workflow, as handles. The order of definition must be topological. */
export function buildFromHandles(scenario: Scenario, journal: Journal): Workflow {
  const handles = new Map<string, Step>();
  for (const plan of scenario.steps) {
    const dependencies = Object.fromEntries(plan.dependsOn.map((id) => [id, handles.get(id) as Step]));
    handles.set(plan.id, makeStep(plan.id, dependencies, bodyOf(plan, journal), optionsOf(plan, journal)));
  }
  return makeWorkflow(
    'scenario',
    Object.fromEntries(scenario.outputs.map((id) => [id, handles.get(id) as Step])),
  );
}

function optionsOf(plan: StepPlan, journal: Journal): StepOptions {
  const { demand, timeout, priority, estimate } = plan;
  return {
    resource: demand,
    retry: retryOf(plan),
    timeout,
    priority,
    estimate,
    cleanup: cleanUpOf(plan, journal),
  };
}

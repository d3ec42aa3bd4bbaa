import { type Demand, sumOfDemands } from '../admission/demand.ts';
import { type Demands, distinctDemands } from '../admission/distinct-demands.ts';
import { Graph } from '../graph/graph.ts';
import { type Ranks, ranks } from '../graph/ranks.ts';
import { branchingPlan } from './branching-plan.ts';
import type { BranchingPlan, Connections, Mark, Sources } from './connections.ts';
import { edge } from './edge.ts';
import type { Input } from './handle.ts';
import type { StepBody, StepDefinition } from './step-definition.ts';
import { defaultSettings, type StepSettings, type Within } from './step-options.ts';
import { type WorkflowInfo, workflowInfo } from './workflow-info.ts';

const none: ReadonlySet<string> = new Set();
const noMarks: ReadonlyMap<number, Mark> = new Map();

/** What will be demanded at once beside what each step demands: by a step that another brings, or by several together. */
export interface LaterDemand {
  readonly demand: Demand;
  /** Who demands it, for messages. */
  readonly stepId: string;
  /** The steps without which nobody will: once all of them are settled. */
  readonly hosts: readonly number[];
}

/** A workflow that has been found sound: everything a run needs to know, none of what it changes. */
export class Blueprint implements Connections {
  readonly name: string;
  readonly graph: Graph;
  readonly steps: readonly StepDefinition[];
  readonly sources: Sources;
  readonly inputs: readonly Input[];
  readonly outputs: ReadonlyMap<string, number>;
  /** The names of those that may be missing. */
  readonly optionalOutputs: ReadonlySet<string>;
  readonly marks: ReadonlyMap<number, Mark>;
  #branching: BranchingPlan | undefined | null = null;
  #ranks: Ranks | undefined;
  #demands: Demands | undefined;
  #optioned: readonly number[] | undefined;
  #cleanedUp: readonly number[] | undefined;
  #laterDemands: readonly LaterDemand[] | undefined;
  #info: WorkflowInfo | undefined;

  constructor(
    name: string,
    graph: Graph,
    steps: readonly StepDefinition[],
    sources: Sources,
    inputs: readonly Input[],
    outputs: ReadonlyMap<string, number>,
    optionalOutputs: ReadonlySet<string> = none,
    marks: ReadonlyMap<number, Mark> = noMarks,
  ) {
    this.optionalOutputs = optionalOutputs;
    this.marks = marks;
    this.name = name;
    this.graph = graph;
    this.steps = steps;
    this.sources = sources;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** The distinct demands of the steps, worked out once. */
  get demands(): Demands {
    this.#demands ??= distinctDemands(this.steps.map(({ settings }) => settings.demand));
    return this.#demands;
  }

  /** The demands of the steps that its own steps may bring, as far as they are known, each with one of those steps. */
  get laterDemands(): readonly LaterDemand[] {
    this.#laterDemands ??= [
      ...this.#indicesWhere(({ within }) => within !== undefined).flatMap((index) => {
        const { id, settings } = this.steps[index] as StepDefinition;
        return (settings.within as Within).demands.map(([demand, suffix]) => ({
          demand,
          stepId: `${id}${suffix}`,
          hosts: [index],
        }));
      }),
      ...this.gangs.map((gang) => ({
        demand: this.demandOfGang(gang),
        stepId: this.nameOfGang(gang),
        hosts: gang,
      })),
    ];
    return this.#laterDemands;
  }

  /** The steps that have to run at the same time, as streams connect them. */
  get gangs(): readonly (readonly number[])[] {
    return this.branching?.gangs ?? [];
  }

  /** Whether a step reads what another emits, rather than waiting for its output. */
  streams(consumer: number, producer: number): boolean {
    if (this.gangs.length === 0) return false;
    return (
      this.branching
        ?.edgesOf(consumer)
        .some(({ step, kind }) => step === producer && kind === edge.stream) === true
    );
  }

  /** What those take together. */
  demandOfGang(gang: readonly number[]): Demand {
    return sumOfDemands(gang.map((index) => (this.steps[index] as StepDefinition).settings.demand));
  }

  nameOfGang(gang: readonly number[]): string {
    return gang.map((index) => this.graph.ids[index]).join("' + '");
  }

  /** The names of all resource classes that are demanded. */
  get resources(): Set<string> {
    const later = this.laterDemands.map(({ demand }) => demand);
    return new Set([...this.demands.distinct, ...later].flatMap((demand) => Object.keys(demand)));
  }

  /** The same with a prefix to every id, as part of a run of another workflow; and with bodies from elsewhere, where asked for. */
  prefixed(prefix: string, stage?: (definition: StepDefinition) => StepBody): Blueprint {
    const ids = this.graph.ids.map((id) => prefix + id);
    const steps = this.steps.map(({ body, inputNames, settings }, index) => {
      const copied = { id: ids[index] ?? '', body, inputNames, settings };
      return stage === undefined ? copied : { ...copied, body: stage(copied) };
    });
    const { dependencies, order, dependents } = this.graph;
    const graph = new Graph(ids, dependencies, order, dependents);
    const copy = new Blueprint(
      this.name,
      graph,
      steps,
      this.sources,
      this.inputs,
      this.outputs,
      this.optionalOutputs,
      this.marks,
    );
    // What doesn't depend on the names is worked out once for all copies.
    copy.#ranks = this.ranks;
    copy.#demands = this.demands;
    copy.#cleanedUp = this.cleanedUp;
    copy.#branching = this.branching;
    return copy;
  }

  /** How its steps need each other, where it isn't all by output. Found once. */
  get branching(): BranchingPlan | undefined {
    if (this.#branching === null) this.#branching = branchingPlan(this);
    return this.#branching;
  }

  /** The order in which ready steps start, worked out once: the lowest first. */
  get ranks(): Ranks {
    this.#ranks ??= ranks(
      this.graph,
      this.priorities,
      this.#column(({ estimate }) => estimate ?? 1, 1),
    );
    return this.#ranks;
  }

  /** The priority of each step; `undefined` where all are 0. */
  get priorities(): Float64Array | undefined {
    return this.#column(({ priority }) => priority, 0);
  }

  /** The steps that have a clean-up, found once. */
  get cleanedUp(): readonly number[] {
    this.#cleanedUp ??= this.#indicesWhere(({ cleanup }) => cleanup !== undefined);
    return this.#cleanedUp;
  }

  /** What is told of it outside, worked out once. */
  get info(): WorkflowInfo {
    this.#info ??= workflowInfo(this.name, this, this.branching);
    return this.#info;
  }

  /** The steps of which something is true that is never so where nothing was said: most have no options, and aren't asked. */
  #indicesWhere(condition: (settings: StepSettings) => boolean): number[] {
    this.#optioned ??= this.#stepsWithOptions();
    return this.#optioned.filter((index) => condition((this.steps[index] as StepDefinition).settings));
  }

  #stepsWithOptions(): number[] {
    const indices: number[] = [];
    for (let index = 0; index < this.steps.length; index++)
      if ((this.steps[index] as StepDefinition).settings !== defaultSettings) indices.push(index);
    return indices;
  }

  /** A number a step, or `undefined` where it is the same usual one for all. */
  #column(read: (settings: StepSettings) => number, usual: number): Float64Array | undefined {
    const unusual = this.#indicesWhere((settings) => read(settings) !== usual);
    if (unusual.length === 0) return undefined;
    const column = new Float64Array(this.steps.length).fill(usual);
    for (const index of unusual) column[index] = read((this.steps[index] as StepDefinition).settings);
    return column;
  }
}

/** All that may be demanded at once in a workflow, each with a step that does. */
export function demandsOf({
  demands: { distinct, places },
  graph,
  laterDemands,
}: Blueprint): readonly (readonly [demand: Demand, stepId: string])[] {
  const own = distinct.map((demand, place) => [demand, graph.ids[places.indexOf(place)] ?? ''] as const);
  return [...own, ...laterDemands.map(({ demand, stepId }) => [demand, stepId] as const)];
}

import { type Demand, sumOfDemands } from '../admission/demand.ts';
import type { Outlet } from '../attempt/outlet.ts';
import type { BranchingPlan } from '../definition/connections.ts';
import type { StepDefinition } from '../definition/step.ts';
import { Standstill } from './standstill.ts';
import type { Row } from './step-table.ts';
import { Streams } from './streams.ts';
import { type StreamedGraph, StreamsScope } from './streams-scope.ts';

/** Steps that have to start together. */
interface Group {
  readonly members: readonly number[];
  readonly ready: Set<number>;
  /** Those that are settled, when all who need them have heard. */
  readonly gone: Set<number>;
  /** Once it is complete it is offered to admission; from there its members start, or it is withdrawn. */
  stage: 'gathering' | 'offered' | 'started' | 'withdrawn';
  /** The member that stands in admission for all of them, while they wait, and who they are. */
  standing: number | undefined;
  offered: readonly number[];
  readonly standstill: Standstill;
}

/**
 * Steps that streams connect: all of them start, or none.
 *
 * 1. A group is complete once each member is ready, or settled so that all have heard; one member then stands for all in admission.
 * 2. Once it has started, a member that is tried again competes by itself.
 */
export class Groups {
  readonly #scope: StreamsScope;
  readonly #streams: Streams;
  readonly #groups: Group[] = [];
  readonly #groupOf = new Map<number, Group>();

  constructor(plan: BranchingPlan, graph: StreamedGraph) {
    const scope = new StreamsScope(graph);
    this.#scope = scope;
    this.#streams = new Streams(plan, scope, (step) => {
      this.#groupOf.get(step)?.standstill.suspect();
    });
    for (const members of plan.gangs) {
      const group: Group = {
        members,
        ready: new Set(),
        gone: new Set(),
        stage: 'gathering',
        standing: undefined,
        offered: [],
        standstill: new Standstill(members, this.#streams, scope),
      };
      this.#groups.push(group);
      for (const step of members) this.#groupOf.set(step, group);
    }
  }

  isMember(step: number): boolean {
    return this.#groupOf.has(step);
  }

  /** Whether a step that is ready waits in admission by itself. */
  isQueued(step: number): boolean {
    const group = this.#groupOf.get(step);
    return group === undefined || group.stage === 'started';
  }

  /** The steps that one stands for in admission; `undefined` where it stands for itself alone. */
  standsFor(step: number): readonly number[] | undefined {
    const group = this.#groupOf.get(step);
    return group?.standing === step ? group.offered : undefined;
  }

  /** The step that waits in admission on behalf of one: itself, unless another stands for both. */
  standingFor(step: number): number {
    const group = this.#groupOf.get(step);
    return group?.stage === 'offered' ? (group.standing ?? step) : step;
  }

  /** Where all that a step needs is there: the first of those with which it starts that isn't ready yet. */
  unreadyMateOf(step: number): number | undefined {
    const group = this.#groupOf.get(step);
    return group?.members.find((mate) => mate !== step && !group.ready.has(mate) && !group.gone.has(mate));
  }

  /** A step has left admission, and stands for nobody any more. */
  standDown(step: number): void {
    const group = this.#groupOf.get(step);
    if (group?.standing !== step) return;
    this.#scope.run.budget.standFor(this.#rowOf(step), undefined);
    group.standing = undefined;
    group.stage = 'withdrawn';
  }

  /** Notes that all a step needs is there, and offers its group where it was the last; false where it starts by itself. */
  ready(step: number): boolean {
    const group = this.#groupOf.get(step);
    if (group === undefined || group.stage === 'started') return false;
    if (!this.#scope.isFit(step)) return true;
    group.ready.add(step);
    this.#offerIfComplete(group);
    return true;
  }

  /** Whether a step may be tried again: nothing has come through its streams. */
  mayRetry(step: number): boolean {
    return !this.#groupOf.has(step) || this.#streams.isUntouched(step);
  }

  /** A step will be tried again: from now on, what came before reads nothing more. */
  reopen(step: number): void {
    this.#streams.reopen(step);
  }

  /** A member is settled, and so are its streams. */
  settled(step: number): void {
    const group = this.#groupOf.get(step);
    if (group === undefined) return;
    group.ready.delete(step);
    this.#streams.settled(step, () => this.#scope.reasonOf(step));
    if (group.members.every((each) => this.#isSettled(each))) this.#withdraw(group);
  }

  /** All who need a settled member have heard: its group may be able to start without it. */
  goOnWithout(step: number): void {
    const group = this.#groupOf.get(step);
    if (group === undefined) return;
    group.gone.add(step);
    if (!this.#scope.isStopped) this.#offerIfComplete(group);
  }

  /** Nothing more starts: who stands for others leaves admission. */
  withdraw(): void {
    for (const group of this.#groups) this.#withdraw(group);
  }

  /** The group that a step stands for has been admitted. False where it stands for itself. */
  startWith(step: number): boolean {
    const group = this.#groupOf.get(step);
    if (group?.standing !== step) return false;
    const { budget } = this.#scope.run;
    const { offered } = group;
    const whole = budget.shapeOf(this.#rowOf(step));
    group.standing = undefined;
    group.stage = 'started';
    budget.standFor(this.#rowOf(step), undefined);
    const shapes = offered.map((each) => budget.ownShapeOf(this.#rowOf(each)));
    budget.admission.split(whole, shapes);
    if (this.#scope.first === 0) for (const each of offered) budget.turns?.start(each);
    budget.startingTogether = whole;
    this.#scope.startTogether(offered);
    budget.startingTogether = undefined;
    return true;
  }

  /** What those take that have to run as long as a step reads from them. */
  demandOfMates(step: number): Demand {
    const mates = this.#groupOf.get(step)?.members ?? [];
    const others = mates.filter((mate) => mate !== step && !this.#isSettled(mate));
    return sumOfDemands(others.map((mate) => this.#demandOf(mate)));
  }

  outletOf(step: number): Outlet | undefined {
    return this.#streams.outletOf(step);
  }

  withStreams(step: number, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return this.#streams.withStreams(step, inputs);
  }

  /** Nothing else goes on: does everyone in a group wait for another? */
  suspect(): void {
    for (const { standstill } of this.#groups) standstill.suspect();
  }

  /** How many steps run and wait at a channel. */
  get waiting(): number {
    return this.#groups.reduce((sum, { standstill }) => sum + standstill.waiting, 0);
  }

  #offerIfComplete(group: Group): void {
    if (group.stage !== 'gathering' || group.ready.size === 0) return;
    if (!group.members.every((step) => group.ready.has(step) || group.gone.has(step))) return;
    group.stage = 'offered';
    group.offered = this.#startingOrder(group);
    // Who is read from stands for those who read.
    const standing = group.offered[group.offered.length - 1] as number;
    const { blueprint, run } = this.#scope;
    try {
      const shape = run.budget.shapeForAll(
        group.offered.map((step) => this.#demandOf(step)),
        () => blueprint.nameOfGang(group.members),
      );
      for (const step of group.offered) this.#scope.noteReady(step);
      group.standing = standing;
      run.budget.standFor(this.#rowOf(standing), shape);
      run.enqueue(this.#rowOf(standing));
    } catch (error) {
      this.#scope.failStep(standing, error);
    }
  }

  #withdraw({ standing }: Group): void {
    if (standing === undefined) return;
    this.#scope.run.withdraw(this.#rowOf(standing));
    this.standDown(standing);
  }

  /** Who reads is there before something comes. */
  #startingOrder({ members }: Group): number[] {
    const placeOf = new Map([...this.#scope.blueprint.graph.order].map((step, place) => [step, place]));
    return members
      .filter((step) => !this.#isSettled(step))
      .sort((left, right) => (placeOf.get(right) ?? 0) - (placeOf.get(left) ?? 0));
  }

  #demandOf(step: number): Demand {
    return (this.#scope.blueprint.steps[step] as StepDefinition).settings.demand;
  }

  #isSettled(step: number): boolean {
    return this.#scope.run.table.isSettled(this.#rowOf(step));
  }

  #rowOf(step: number): Row {
    return this.#scope.first + step;
  }
}

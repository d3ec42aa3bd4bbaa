import type { Demand } from '../lib/admission/demand.ts';
import { stepsIn } from '../lib/base/step-list.ts';
import type { StepInfo } from '../lib/definition/step-info.ts';
import { Brood, type Foreknowledge, fastest, Row } from './forecast-row.ts';
import { inOrder } from './in-order.ts';

/** What a forecast has to know of a step. */
export interface ForeseenStep extends Pick<StepInfo, 'id' | 'dependsOn'> {
  readonly demand?: Demand | undefined;
  readonly estimate?: number | undefined;
  readonly group?: string | undefined;
  readonly steps?: Iterable<ForeseenStep> | undefined;
  readonly children?: StepInfo['children'] | undefined;
}

/** Makes the rows of a forecast: of steps that are known of beforehand with all that they bring, and of those that come later. */
export class ForeseenRows {
  /** The names of the resource classes, by place. */
  readonly classes: string[] = [];
  readonly #measured: (id: string) => number | undefined;
  readonly #places = new Map<string, number>();
  readonly #infos = new Map<Row, ForeseenStep>();
  #lastDemand: Demand | undefined;
  #child = nothingKnown;

  /** @param measured - how long one of the workflow's own took in earlier runs, in ms, with all that came of it */
  constructor(measured: (id: string) => number | undefined) {
    this.#measured = measured;
  }

  /** A row for each, by their order of definition. */
  rowsOf(steps: readonly ForeseenStep[], host: Row | undefined): Row[] {
    const depths = depthsOf(steps);
    const rows = steps.map((step, index) => {
      const kind = step.group ?? `${kindOf(step.id)} ${String(depths[index])}`;
      const row = new Row({ ...this.#priorOf(step, host), kind, demands: this.#listOf(step.demand) }, host);
      if (step.steps !== undefined || step.children !== undefined) this.#infos.set(row, step);
      row.brood = this.broodOf(row);
      return row;
    });
    const byId = new Map(steps.map(({ id }, index) => [id, rows[index] as Row]));
    for (const [index, { dependsOn }] of steps.entries())
      (rows[index] as Row).needs = dependsOn.map((id) => byId.get(id)).filter((row) => row !== undefined);
    return rows;
  }

  /** What is known beforehand of what comes of a step; `undefined` where nothing is. */
  broodOf(row: Row): Brood | undefined {
    const info = this.#infos.get(row);
    if (info === undefined) return undefined;
    if (info.steps !== undefined) return Brood.ofGraph(this.rowsOf(stepsIn(info.steps), row));
    const { count, concurrency = Infinity, demand } = info.children ?? {};
    const prior = info.estimate === undefined ? Number.NaN : Math.max(info.estimate, fastest);
    return Brood.ofChildren({ count, concurrency, prior, demands: this.#listOf(demand) });
  }

  /** A row for one that came and wasn't known of. */
  arrival(host: Row, stepId: string, parentId: string, demand: Demand): Row {
    if (host.brood?.isGraph === true) {
      const kind = kindOf(stepId.slice(parentId.length));
      return new Row({ ...nothingKnown, kind, demands: this.#listOf(demand) }, host);
    }
    // Children go by their siblings, and these demand the same, mostly.
    if (demand !== this.#lastDemand) {
      this.#lastDemand = demand;
      this.#child = { ...nothingKnown, demands: this.#listOf(demand) };
    }
    return new Row(this.#child, host);
  }

  /** A row that is no more. */
  forget(row: Row): void {
    this.#infos.delete(row);
  }

  #priorOf(
    { id, estimate }: ForeseenStep,
    host: Row | undefined,
  ): Pick<Foreknowledge, 'prior' | 'isMeasured'> {
    const measured = host === undefined ? this.#measured(id) : undefined;
    const prior = measured ?? estimate;
    return {
      prior: prior === undefined ? Number.NaN : Math.max(prior, fastest),
      isMeasured: measured !== undefined,
    };
  }

  /** A demand as places and amounts. */
  #listOf(demand: Demand = {}): number[] {
    const list: number[] = [];
    for (const name of Object.keys(demand)) list.push(this.#placeOf(name), demand[name] ?? 0);
    return list;
  }

  #placeOf(name: string): number {
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.classes.push(name) - 1;
      this.#places.set(name, place);
    }
    return place;
  }
}

const nothingKnown: Foreknowledge = { prior: Number.NaN, isMeasured: false, kind: '', demands: [] };

/** Steps of a like name are likely to be alike. */
function kindOf(id: string): string {
  return id.replaceAll(/\d+/g, '#');
}

/** How many steps there are at most from the first to each one. */
function depthsOf(steps: readonly ForeseenStep[]): number[] {
  const nodes = steps.map(({ id }): Node => ({ id, needs: [], depth: 0 }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const [index, { dependsOn }] of steps.entries())
    for (const id of dependsOn) nodes[index]?.needs.push(...(byId.has(id) ? [byId.get(id) as Node] : []));
  for (const node of inOrder(nodes))
    for (const needed of node.needs) node.depth = Math.max(node.depth, needed.depth + 1);
  return nodes.map(({ depth }) => depth);
}

interface Node {
  readonly id: string;
  readonly needs: Node[];
  depth: number;
}

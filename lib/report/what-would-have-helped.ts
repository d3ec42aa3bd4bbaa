// Long because each thing that could have helped is a few lines over what all of them share.
import type { Demand } from '../admission/demand.ts';
import type { Limits } from '../admission/limits.ts';
import { stepsIn } from '../base/step-list.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { simulate } from '../simulate/simulate.ts';
import { defineWorkflow } from '../workflow.ts';
import type { PicturedStep } from './pictured-workflow.ts';
import type { PicturedRun } from './timeline-of.ts';

/** What a run would have taken, had one thing been otherwise. Times in ms. */
export interface Improvement {
  /** The class of which there is more, or the step that takes half as long. */
  readonly kind: 'limit' | 'step';
  readonly name: string;
  /** The limits, or how long the step takes. */
  readonly from: number;
  readonly to: number;
  /** How long the run would take. */
  readonly ms: number;
}

/** What would have helped, most first; and what the simulation says of the run as it was. */
export interface Improvements {
  readonly simulatedMs: number;
  readonly improvements: readonly Improvement[];
}

/** A row of a run as far as its time goes. */
interface TimedRow {
  readonly id: string;
  readonly needs: Set<string>;
  demand: Demand;
  /** How long its attempts held what they had taken. */
  busyMs: number;
  /** How long it has waited for another attempt. */
  backOffMs: number;
  startedAt: number | undefined;
  heldFrom: number | undefined;
  waitedMs: number;
  waitedFor: string | undefined;
  endedAt: number | undefined;
  readonly parentId: string | undefined;
}

/** More rows than this take too long to play several times. */
const mostRows = 20_000;
/** A simulation that is further off the mark is of no use to anybody. */
const farthestOff = 0.25;
const leastGain = 0.03;
const mostClasses = 3;
const mostSteps = 2;

/**
 * Plays a run that is over again, with the durations that it had and more of one class, or a step that takes half the time.
 * `undefined` where there is nothing to play: it isn't over, its limits were changed, it is too large, or plays otherwise than it went.
 *
 * Takes some six simulations of as many steps as the run had in all; of none with more than 20,000.
 */
export function whatWouldHaveHelped(run: PicturedRun): Improvements | undefined {
  const { events, limits } = run;
  const ended = events.find(({ type }) => type === 'run-completed');
  const started = events.find(({ type }) => type === 'run-started');
  if (ended === undefined || started === undefined) return undefined;
  if (events.some(({ type }) => type === 'limits-changed' || type === 'run-paused')) return undefined;
  const rows = rowsOf(run);
  if (rows === undefined) return undefined;
  const tookMs = ended.at - started.at;
  try {
    const play = new Play(rows, limits, stepsIn(run.workflow.steps));
    const simulatedMs = play.makespan({}, undefined);
    if (tookMs <= 0 || Math.abs(simulatedMs - tookMs) > farthestOff * tookMs) return undefined;
    const improvements = [...play.largerLimits(), ...play.fasterSteps()]
      .filter(({ ms }) => ms < simulatedMs * (1 - leastGain))
      .sort((left, right) => left.ms - right.ms);
    return { simulatedMs, improvements };
  } catch {
    // What can't be played, since a log is of another time or is not whole, is no reason to do without a report.
    return undefined;
  }
}

class Play {
  readonly #rows: ReadonlyMap<string, TimedRow>;
  readonly #limits: Record<string, Limits[string]>;
  readonly #critical: readonly string[];
  readonly #names = new Map<string, string>();

  constructor(rows: ReadonlyMap<string, TimedRow>, limits: Limits, steps: readonly PicturedStep[]) {
    this.#rows = rows;
    this.#limits = { ...limits };
    for (const { id, children } of steps)
      if (children?.concurrency !== undefined) this.#limits[placesOf(id)] = children.concurrency;
    for (const { demand } of rows.values())
      for (const name of Object.keys(demand)) this.#limits[name] ??= Infinity;
    for (const [place, id] of [...rows.keys()].entries()) this.#names.set(id, String(place));
    this.#critical = [...rows.values()].sort((left, right) => right.busyMs - left.busyMs).map(({ id }) => id);
  }

  makespan(more: Limits, faster: string | undefined): number {
    const durations: Record<string, number> = {};
    const definitions = [...this.#rows.values()].map(({ id, needs, demand, busyMs, backOffMs }) => {
      const name = this.#names.get(id) ?? id;
      durations[name] = (id === faster ? busyMs / 2 : busyMs) + backOffMs;
      return {
        id: name,
        dependsOn: [...needs].flatMap((need) => this.#names.get(need) ?? []),
        run: () => undefined,
        resource: demand,
      };
    });
    const { concurrency, ...limits } = { ...this.#limits, ...more };
    const most = typeof concurrency === 'number' && concurrency < Infinity ? { concurrency } : {};
    return simulate(defineWorkflow('played again', definitions), { limits, ...most, durations }).makespan;
  }

  /** Of the classes that were waited for most. */
  largerLimits(): Improvement[] {
    const waits = new Map<string, number>();
    for (const { waitedFor, waitedMs } of this.#rows.values())
      if (waitedFor !== undefined) waits.set(waitedFor, (waits.get(waitedFor) ?? 0) + waitedMs);
    const most = [...waits].sort(([, left], [, right]) => right - left).slice(0, mostClasses);
    return most.flatMap(([name]) => {
      const limit = this.#limits[name];
      const from = typeof limit === 'number' ? limit : undefined;
      if (from === undefined || from === Infinity) return [];
      return [
        { kind: 'limit', name, from, to: 2 * from, ms: this.makespan({ [name]: 2 * from }, undefined) },
      ];
    });
  }

  /** Of the steps that took longest. */
  fasterSteps(): Improvement[] {
    return this.#critical.slice(0, mostSteps).map((name) => {
      const from = this.#rows.get(name)?.busyMs ?? 0;
      return { kind: 'step', name, from, to: from / 2, ms: this.makespan({}, name) };
    });
  }
}

/** What ran, with what it took and needed; `undefined` where there is too much of it. */
function rowsOf({ workflow, events }: PicturedRun): ReadonlyMap<string, TimedRow> | undefined {
  const rows = new Map<string, TimedRow>();
  const add = (
    id: string,
    needs: Iterable<string>,
    demand: Demand,
    parentId: string | undefined,
  ): TimedRow => {
    const row: TimedRow = {
      id,
      needs: new Set(needs),
      demand,
      busyMs: 0,
      backOffMs: 0,
      startedAt: undefined,
      heldFrom: undefined,
      waitedMs: 0,
      waitedFor: undefined,
      endedAt: undefined,
      parentId,
    };
    rows.set(id, row);
    return row;
  };
  for (const { id, dependsOn, demand, specialNeeds } of stepsIn(workflow.steps)) {
    const streams = new Set(specialNeeds?.flatMap(({ stepId, as }) => (as === 'stream' ? [stepId] : [])));
    add(
      id,
      dependsOn.filter((needed) => !streams.has(needed)),
      demand ?? {},
      undefined,
    );
  }
  for (const event of events) {
    if (rows.size > mostRows) return undefined;
    note(event, rows, add);
  }
  const hosts = new Set([...rows.values()].flatMap(({ parentId }) => parentId ?? []));
  for (const row of [...rows.values()]) connect(row, rows, hosts);
  for (const id of hosts) add(endOf(id), [id], {}, undefined).startedAt = 0;
  for (const { id, parentId } of [...rows.values()])
    if (parentId !== undefined) rows.get(endOf(parentId))?.needs.add(hosts.has(id) ? endOf(id) : id);
  return rows;
}

type Add = (id: string, needs: Iterable<string>, demand: Demand, parentId: string | undefined) => TimedRow;

function note(event: ProgressEvent, rows: ReadonlyMap<string, TimedRow>, add: Add): void {
  const row = 'stepId' in event ? rows.get(event.stepId) : undefined;
  switch (event.type) {
    case 'step-added':
      hold(rows.get(event.parentId), event.at);
      add(event.stepId, event.dependsOn, event.demand, event.parentId);
      break;
    case 'step-started':
      if (row === undefined) break;
      row.startedAt ??= event.at;
      row.heldFrom = event.at;
      if (event.readyBy !== undefined) row.needs.add(event.readyBy);
      // What runs in what another holds takes nothing of its own.
      row.demand = within(row, event.holds);
      if (event.waited !== undefined && 'resource' in event.waited.for) {
        row.waitedMs += event.waited.ms;
        row.waitedFor = event.waited.for.resource;
      }
      break;
    case 'holds-changed':
      if (event.abandoned !== true) hold(row, event.at);
      break;
    case 'step-retrying':
      hold(row, event.at);
      if (row !== undefined) row.backOffMs += event.delayMs;
      break;
    case 'step-completed':
    case 'step-failed':
    case 'step-cancelled':
    case 'step-skipped':
      hold(row, event.at);
      if (row !== undefined) row.endedAt = event.at;
      break;
    default:
  }
}

/** What is taken, and a place among its siblings; how many may run at once is of no class. */
function within({ parentId }: TimedRow, holds: Demand): Demand {
  const { concurrency: _, ...demand } = holds;
  return parentId === undefined ? demand : { ...demand, [placesOf(parentId)]: 1 };
}

/** How many children of a fan-out may run at once, as a class. */
const placesOf = (id: string): string => `children of ${id}`;

/** It holds nothing from now on. */
function hold(row: TimedRow | undefined, at: number): void {
  if (row?.heldFrom === undefined) return;
  row.busyMs += at - row.heldFrom;
  row.heldFrom = undefined;
}

/** What others wait for that need a step with children: its own work, and all of theirs. */
const endOf = (id: string): string => `end of ${id}`;

/** Leaves out what a row can't have waited for, and has it wait for what came of what it needs. */
function connect(row: TimedRow, rows: ReadonlyMap<string, TimedRow>, hosts: ReadonlySet<string>): void {
  const { startedAt } = row;
  const needs = [...row.needs];
  row.needs.clear();
  if (startedAt === undefined) row.demand = {};
  for (const id of needs) {
    const needed = rows.get(id);
    // What was skipped waits for nothing but who decided that; what ended later was a branch that was let go, or a loser.
    if (needed === undefined || startedAt === undefined || (needed.endedAt ?? Infinity) > startedAt) continue;
    row.needs.add(hosts.has(id) ? endOf(id) : id);
  }
  if (row.parentId !== undefined) row.needs.add(row.parentId);
}

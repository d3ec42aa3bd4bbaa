import { stepsIn } from '../lib/base/step-list.ts';
import type { ProgressEvent, StepAdded } from '../lib/observe/progress-event.ts';
import { Expectations } from './expectations.ts';
import { Brood, fastest, over, type Row, running, waiting } from './forecast-row.ts';
import { ForeseenRows, type ForeseenStep } from './foreseen-rows.ts';
import { inOrder } from './in-order.ts';
import { NormalDraws } from './normal-draws.ts';
import { type Interval, likelyLeft, Outlook } from './outlook.ts';

/**
 * What is left of a run, and how long that may take: a fold over its events.
 *
 * 1. An event costs constant time, a forecast a look at every step and dependency.
 * 2. What came of a step counts with it: there is a row for each of these until it is over, and numbers from then on.
 * 3. A step that is tried again begins anew with what comes of its next attempt.
 */
export class Forecast {
  #limits: Readonly<Record<string, number>>;
  /** The workflow's own, and what came and isn't over. */
  readonly #rows = new Map<string, Row>();
  /** The workflow's own, dependencies before those that need them. */
  readonly #order: readonly Row[];
  readonly #foreseen: ForeseenRows;
  readonly #expectations = new Expectations();
  readonly #normals = new NormalDraws();
  #done = 0;

  /** @param measured - how long a step took in earlier runs, in ms, with all that came of it */
  constructor(
    steps: Iterable<ForeseenStep>,
    limits: Readonly<Record<string, number>>,
    measured: (id: string) => number | undefined,
  ) {
    this.#limits = limits;
    this.#foreseen = new ForeseenRows(measured);
    const known = stepsIn(steps);
    const rows = this.#foreseen.rowsOf(known, undefined);
    for (const [index, { id }] of known.entries()) {
      const row = rows[index] as Row;
      row.id = id;
      this.#rows.set(id, row);
    }
    this.#order = inOrder(rows);
  }

  /** How many of the workflow's own steps are over. */
  get done(): number {
    return this.#done;
  }

  /** How many there are. */
  get total(): number {
    return this.#order.length;
  }

  /** Takes in one event. */
  add(event: ProgressEvent): void {
    switch (event.type) {
      case 'step-added':
        this.#arrive(event);
        break;
      case 'step-started':
        this.#start(event.stepId, event.at);
        break;
      case 'step-progress':
        this.#progress(event.stepId, event.fraction);
        break;
      case 'step-retrying':
        this.#retry(event.stepId);
        break;
      case 'step-completed':
        this.#end(event, true, event.attempt === 0 ? undefined : event.durationMs);
        break;
      case 'step-cancelled':
        this.#end(event, false);
        break;
      case 'step-failed':
        // The graph that it is part of may be tried again; a fan-out goes on or is over.
        this.#end(event, this.#rows.get(event.stepId)?.host?.brood?.isGraph !== true);
        break;
      case 'step-skipped':
        this.#end(event, true);
        break;
      case 'limits-changed':
        this.#limits = { ...this.#limits, ...event.limits };
        break;
      default:
    }
  }

  /** The share that is done, weighted by how long steps take, from 0 to 1. What was cancelled is not done. */
  fraction(at: number): number {
    const sums = { done: 0, total: 0 };
    this.#sum(this.#order, at, sums);
    return sums.total === 0 ? 0 : sums.done / sums.total;
  }

  /** The same of what has come of a step that isn't over; `undefined` where nothing has. */
  fractionWithin(id: string, at: number): number | undefined {
    const row = this.#rows.get(id);
    if (row?.brood === undefined || row.brood.added === 0) return undefined;
    const sums = { done: 0, total: 0 };
    this.#sumWithin(row, row.brood, at, sums);
    return sums.total === 0 ? 0 : sums.done / sums.total;
  }

  /** How long what is left takes from now on; `undefined` where there is nothing to go by. */
  remaining(at: number): Interval | undefined {
    const present = { at, rows: this.#order, classes: this.#foreseen.classes, limits: this.#limits };
    return new Outlook(present, this.#expectations, this.#normals).remaining();
  }

  /** A step has come of another. */
  #arrive({ stepId, parentId, dependsOn, demand }: StepAdded): void {
    const host = this.#rows.get(parentId);
    if (host === undefined || host.state === over) return;
    // In the name of a step of a graph, what is special to that of a child is escaped.
    host.brood ??= stepId.endsWith(']') ? Brood.ofChildren() : Brood.ofGraph([]);
    const { brood } = host;
    const row = brood.next ?? this.#foreseen.arrival(host, stepId, parentId, demand);
    row.id = stepId;
    this.#rows.set(stepId, row);
    brood.add(row, dependsOn);
  }

  #start(id: string, at: number): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#begin(row);
    row.state = running;
    row.startedAt = at;
    row.fraction = 0;
  }

  #progress(id: string, fraction: number): void {
    const row = this.#rows.get(id);
    if (row !== undefined) row.fraction = fraction;
  }

  /** The attempt has failed, and there will be another. */
  #retry(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#begin(row);
    row.state = waiting;
  }

  /** A step is over; `durationMs` where it took something. */
  #end({ stepId, at }: { stepId: string; at: number }, isDone: boolean, durationMs?: number): void {
    const row = this.#rows.get(stepId);
    if (row === undefined || row.state === over) return;
    const { host, brood } = row;
    const took = durationMs === undefined ? undefined : Math.max(durationMs, fastest);
    const spent = brood !== undefined && brood.settled > 0 ? brood.spent : took;
    if (took !== undefined) this.#expectations.learn(row, took);
    row.state = over;
    row.isDone = isDone;
    row.weight = spent ?? 0;
    this.#forget(row);
    row.brood = undefined;
    if (host === undefined) {
      this.#done++;
      return;
    }
    host.brood?.settle(row, at, spent ?? (this.#expectations.of(row) || 0));
    this.#rows.delete(stepId);
  }

  #sum(rows: readonly Row[], at: number, sums: { done: number; total: number }): void {
    for (const row of rows) {
      if (row.state !== over && row.isMadeOfOthers) {
        this.#sumWithin(row, row.brood as Brood, at, sums);
        continue;
      }
      const known = this.#expectations.of(row);
      const expected = known || 1;
      if (row.state === over) {
        // What is over within another is in the numbers there.
        if (row.host !== undefined) continue;
        const weight = row.weight > 0 ? row.weight : expected;
        if (row.isDone) sums.done += weight;
        sums.total += weight;
      } else if (Number.isNaN(known)) {
        sums.done += row.state === running ? row.fraction : 0;
        sums.total += 1;
      } else if (row.state === running) {
        const elapsed = at - row.startedAt;
        sums.done += elapsed;
        sums.total += elapsed + likelyLeft(row, expected, at);
      } else sums.total += expected;
    }
  }

  #sumWithin(host: Row, brood: Brood, at: number, sums: { done: number; total: number }): void {
    sums.done += brood.done;
    sums.total += brood.spent;
    this.#sum(brood.rows, at, sums);
    brood.foresee(at, host.isMeasured ? this.#expectations.of(host) : Number.NaN, host.startedAt);
    if (brood.rest > 0) sums.total += brood.rest * (this.#expectations.ofChildOf(host) || 1);
  }

  /** What came of an earlier attempt is nothing any more. */
  #begin(row: Row): void {
    if (row.brood === undefined || row.brood.added === 0) return;
    this.#forget(row);
    row.brood = this.#foreseen.broodOf(row);
  }

  #forget({ brood }: Row): void {
    if (brood === undefined) return;
    for (const row of brood.rows) {
      if (row.id !== undefined) this.#rows.delete(row.id);
      this.#foreseen.forget(row);
      this.#forget(row);
    }
  }
}

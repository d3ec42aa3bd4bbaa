import type { AdmissionRules } from '../admission/admission.ts';
import type { Time } from '../admission/ledger.ts';
import type { Shape } from '../admission/shape.ts';
import type { Turns } from '../admission/turns.ts';
import type { Share } from '../sharing/share.ts';
import type { RowOrder } from './row-order.ts';
import type { Row } from './step-table.ts';

/** A demand of rows, as admission knows it: equal demands have one. */
export type RowShape = Shape<Row>;

/** What the rules of admission need to know of rows. */
interface RuledRows {
  readonly order: RowOrder;
  readonly share: Share | undefined;
  shapeOf(row: Row): RowShape;
}

/** How rows are admitted: by their order. */
export class RowRules implements AdmissionRules<Row> {
  readonly capacities: readonly number[];
  readonly maxOvertakes: number | undefined;
  readonly shared: Share | undefined;
  readonly #rows: RuledRows;
  readonly time: Time;

  constructor(rows: RuledRows, capacities: readonly number[], maxOvertakes: number | undefined, time: Time) {
    this.#rows = rows;
    this.capacities = capacities;
    this.maxOvertakes = maxOvertakes;
    this.shared = rows.share;
    this.time = time;
  }

  before(left: Row, right: Row): boolean {
    return this.#rows.order.before(left, right);
  }

  shapeOf(row: Row): RowShape {
    return this.#rows.shapeOf(row);
  }
}

/** How they are where the run follows a plan. What came later isn't in it: it starts when it fits. */
export class PlannedRules extends RowRules {
  readonly #turns: Turns;
  readonly #order: RowOrder;

  constructor(rows: RuledRows, capacities: readonly number[], time: Time, turns: Turns) {
    super(rows, capacities, undefined, time);
    this.#turns = turns;
    this.#order = rows.order;
  }

  isDue(row: Row): boolean {
    return row >= this.#order.roots || this.#turns.isDue(row);
  }

  started(row: Row): void {
    if (row < this.#order.roots) this.#turns.start(row);
  }
}

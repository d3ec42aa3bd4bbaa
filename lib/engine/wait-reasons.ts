import type { Admission } from '../admission/admission.ts';
import { type Lack, lackedClass, lacksNothing, lacksShared, lacksTurn } from '../admission/lack.ts';
import type { Shape } from '../admission/shape.ts';
import type { SharedLack } from '../admission/shared-demand.ts';
import type { WaitReason } from '../observe/wait-reason.ts';
import type { ResourceClasses } from './resource-classes.ts';
import type { Row } from './step-table.ts';

const forTurn: WaitReason = Object.freeze({ kind: 'turn' });
const forThread: WaitReason = Object.freeze({ kind: 'thread' });
const forEndOfPause: WaitReason = Object.freeze({ kind: 'pause' });

/** Says what demands that wait were found to lack. Reasons that are equal are one object. */
export class WaitReasons {
  readonly #admission: Admission<Row>;
  readonly #classes: ResourceClasses;
  readonly #byLack = new Map<Lack, WaitReason>();
  readonly #byShared = new Map<SharedLack, WaitReason>();
  readonly #shared = new Map<string, WaitReason>();

  constructor(admission: Admission<Row>, classes: ResourceClasses) {
    this.#admission = admission;
    this.#classes = classes;
  }

  /** What kept a demand waiting from some time on: what was found lacking last, unless everything was held back after that. */
  of(shape: Shape<Row>, since: number): WaitReason {
    const { resumedAt } = this.#admission;
    if (resumedAt > since && resumedAt > shape.lackedAt) return forEndOfPause;
    return shape.lackedAt >= since ? this.#lacking(shape) : forThread;
  }

  /** What a demand lacks that waits now. */
  now(shape: Shape<Row>): WaitReason {
    return this.#admission.isPaused ? forEndOfPause : this.#lacking(shape);
  }

  #lacking({ lacks, shared }: Shape<Row>): WaitReason {
    if (lacks === lacksTurn || lacks === lacksNothing) return forTurn;
    if (lacks === lacksShared) {
      const lacked = shared?.lacked;
      return lacked === undefined ? forTurn : this.#ofShared(lacked);
    }
    const { place, how } = lackedClass(lacks);
    const resource = this.#classes.nameAt(place) ?? '';
    const known = this.#byLack.get(lacks);
    // A place may have become another class's.
    if (known !== undefined && 'resource' in known && known.resource === resource) return known;
    const reason: WaitReason = Object.freeze({ kind: how, resource });
    this.#byLack.set(lacks, reason);
    return reason;
  }

  #ofShared(lack: SharedLack): WaitReason {
    const known = this.#byShared.get(lack);
    if (known !== undefined) return known;
    const { resource, how, label } = lack;
    // Limits of one name may be those of several objects.
    const key = JSON.stringify([how, label, resource]);
    const reason = this.#shared.get(key) ?? Object.freeze({ kind: how, resource, shared: label });
    this.#shared.set(key, reason);
    this.#byShared.set(lack, reason);
    return reason;
  }
}

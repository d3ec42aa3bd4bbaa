import { LinkedList, ListNode } from '../base/linked-list.ts';

/** A place in a {@link CallQueue}; whoever extends it can be queued. */
export abstract class QueueEntry extends ListNode {
  /** @internal */ turn: Turn | undefined;
  /** Whose turn it waits for: the run that it belongs to, or `undefined` where it belongs to none. */
  readonly group: object | undefined;

  constructor(group?: object) {
    super();
    this.group = group;
  }

  get isQueued(): boolean {
    return this.isListed;
  }
}

/** The entries of one group, and the group's place among the others. */
class Turn extends ListNode {
  readonly group: object | undefined;
  readonly entries = new LinkedList<QueueEntry>();

  constructor(group: object | undefined) {
    super();
    this.group = group;
  }
}

/**
 * Serves groups in turn, one entry each; within a group first in, first out. Entries without a group are one group.
 *
 * ```
 * turns   A ─▶ B ─▶ C       shift: A's first entry; then A goes to the end
 *         a1   b1   c1
 *         a2        c2
 * ```
 *
 * An entry leaves from anywhere in constant time, and nothing is shifted however long the queue is.
 */
export class CallQueue<Entry extends QueueEntry> {
  readonly #turns = new LinkedList<Turn>();
  /** The turns of the groups that have entries. */
  readonly #turnOf = new Map<object | undefined, Turn>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The entry that `shift` would take. */
  get first(): Entry | undefined {
    return this.#turns.first?.entries.first as Entry | undefined;
  }

  push(entry: Entry): void {
    const turn = this.#enter(entry);
    if (!turn.isListed) this.#turns.push(turn);
    turn.entries.push(entry);
  }

  /** Puts an entry before all others, those of other groups included. */
  unshift(entry: Entry): void {
    const turn = this.#enter(entry);
    if (turn.isListed) this.#turns.remove(turn);
    this.#turns.unshift(turn);
    turn.entries.unshift(entry);
  }

  /** Takes the first entry; the next one is another group's, where there is any. */
  shift(): Entry | undefined {
    const entry = this.first;
    const turn = entry?.turn;
    if (entry === undefined || turn === undefined) return undefined;
    this.remove(entry);
    if (turn.isListed) {
      this.#turns.remove(turn);
      this.#turns.push(turn);
    }
    return entry;
  }

  /** Takes an entry out, wherever it is. */
  remove(entry: Entry): void {
    const { turn } = entry;
    if (turn === undefined) return;
    turn.entries.remove(entry);
    entry.turn = undefined;
    this.#size--;
    if (turn.entries.size > 0) return;
    this.#turns.remove(turn);
    this.#turnOf.delete(turn.group);
  }

  /** Takes every entry out. */
  drain(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entries.push(entry);
    return entries;
  }

  #enter(entry: Entry): Turn {
    let turn = this.#turnOf.get(entry.group);
    if (turn === undefined) {
      turn = new Turn(entry.group);
      this.#turnOf.set(entry.group, turn);
    }
    entry.turn = turn;
    this.#size++;
    return turn;
  }
}

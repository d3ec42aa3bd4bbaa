/** A place in a {@link CallQueue}; whoever extends it can be queued. */
export abstract class QueueEntry {
  /** @internal */ previous: QueueEntry | undefined;
  /** @internal */ next: QueueEntry | undefined;
  /** @internal */ isQueued = false;
}

/**
 * First in, first out, as a linked list: an entry leaves from anywhere in constant time, and nothing is shifted
 * however long the queue is.
 */
export class CallQueue<Entry extends QueueEntry> {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(entry: Entry): void {
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#entered(entry);
  }

  /** Puts an entry before all others. */
  unshift(entry: Entry): void {
    entry.next = this.#first;
    if (this.#first === undefined) this.#last = entry;
    else this.#first.previous = entry;
    this.#first = entry;
    this.#entered(entry);
  }

  /** Takes the first entry. */
  shift(): Entry | undefined {
    const entry = this.#first;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** Takes an entry out, wherever it is. */
  remove(entry: Entry): void {
    if (!entry.isQueued) return;
    const { previous, next } = entry;
    if (previous === undefined) this.#first = next as Entry | undefined;
    else previous.next = next;
    if (next === undefined) this.#last = previous as Entry | undefined;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.isQueued = false;
    this.#size--;
  }

  /** Takes every entry out. */
  drain(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entries.push(entry);
    return entries;
  }

  #entered(entry: Entry): void {
    entry.isQueued = true;
    this.#size++;
  }
}

/**
 * What is to happen, earliest first, and at one time in the order of arrival: a binary heap in three columns.
 *
 * 1. Every entry comes no earlier than its parent, at `(place - 1) >> 1`.
 * 2. An entry is a number of the owner's choice, so that the queue holds no object.
 */
export class EventQueue {
  #times = new Float64Array(64);
  #arrivals = new Float64Array(64);
  #entries = new Uint32Array(64);
  #size = 0;
  #arrived = 0;

  get size(): number {
    return this.#size;
  }

  /** When the next entry is due; `Infinity` where there is none. */
  get nextTime(): number {
    return this.#size === 0 ? Infinity : (this.#times[0] as number);
  }

  add(time: number, entry: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const arrival = this.#arrived++;
    let place = this.#size++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      // What arrives last goes after all of its time.
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#put(place, time, arrival, entry);
  }

  /** Takes out the next entry; `undefined` where there is none. */
  take(): number | undefined {
    if (this.#size === 0) return undefined;
    const next = this.#entries[0] as number;
    const size = --this.#size;
    const time = this.#times[size] as number;
    const arrival = this.#arrivals[size] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        this.#isBefore(right, this.#times[child] as number, this.#arrivals[child] as number)
      )
        child = right;
      if (!this.#isBefore(child, time, arrival)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(place, time, arrival, this.#entries[size] as number);
    return next;
  }

  #isBefore(place: number, time: number, arrival: number): boolean {
    const own = this.#times[place] as number;
    return own < time || (own === time && (this.#arrivals[place] as number) < arrival);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from] as number, this.#arrivals[from] as number, this.#entries[from] as number);
  }

  #put(place: number, time: number, arrival: number, entry: number): void {
    this.#times[place] = time;
    this.#arrivals[place] = arrival;
    this.#entries[place] = entry;
  }

  #grow(): void {
    const length = 2 * this.#times.length;
    const times = new Float64Array(length);
    const arrivals = new Float64Array(length);
    const entries = new Uint32Array(length);
    times.set(this.#times);
    arrivals.set(this.#arrivals);
    entries.set(this.#entries);
    this.#times = times;
    this.#arrivals = arrivals;
    this.#entries = entries;
  }
}

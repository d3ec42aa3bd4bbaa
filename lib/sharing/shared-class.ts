import type { HowLacking } from '../admission/lack.ts';
import { ceilingOf } from '../admission/ledger.ts';
import type { RateWindow } from '../admission/rate-window.ts';
import type { SharedLack } from '../admission/shared-demand.ts';
import type { Clock } from '../base/clock.ts';

/** The shared limits that a class is one of. */
export interface ClassOwner {
  readonly clock: Clock;
  /** How messages call them. */
  readonly label: string;
  /** The steps whose bodies were given up and hold something of it, by what holds it. */
  readonly givenUp: Map<object, string>;
  /** Whether nothing of any class may be taken. */
  readonly isPaused: boolean;
  /** How many demands are forfeited, each counted once a class. */
  losses: number;
  /** A class has too little of a rate for somebody; there is more at that time. */
  wakeAt(time: number): void;
  /** Called when something has changed that `usage` tells; absent where nobody listens. */
  readonly onChange: (() => void) | undefined;
  /** Somebody doesn't wait for some of a class with a rate any more. */
  leftRate(): void;
}

let classes = 0;

/**
 * A resource class of shared limits: how much there is, what all runs have taken of it, and who waits for some.
 *
 * 1. What is taken equals the demands that were taken and have not come back. What is lost is taken, until it is found again.
 * 2. While it is *in question* something has come free of which those in line have not been asked yet: nobody passes them.
 *
 * @typeParam Shape - the demands on it
 */
export class SharedClass<Shape> {
  readonly name: string;
  /** Tells it from all others of the process. */
  readonly id: number;
  readonly owner: ClassOwner;
  capacity: number;
  ceiling: number;
  taken = 0;
  lost = 0;
  isPaused = false;
  window: RateWindow | undefined;
  /** Whether anything but its capacity may keep it from being taken; what says so is looked at only then. */
  isGated: boolean;
  /** When the last demand was taken, where a rate asks for it. */
  startedAt = 0;
  /** How many demands on it are known. */
  demands = 0;
  /** The demands on it that somebody waits for. */
  readonly waiting = new Set<Shape>();
  /** How many wait, and how many of them are barriers. */
  inLine = 0;
  barriers = 0;
  isInQuestion = false;
  #holders = 0;
  #losers = 0;
  // Most never are.
  #lacks: Partial<Record<HowLacking, SharedLack>> | undefined;

  constructor(name: string, owner: ClassOwner, capacity: number, window: RateWindow | undefined) {
    this.name = name;
    this.id = ++classes;
    this.owner = owner;
    this.capacity = capacity;
    this.ceiling = ceilingOf(capacity);
    this.window = window;
    this.isGated = window !== undefined || owner.isPaused;
  }

  setWindow(window: RateWindow | undefined): void {
    this.window = window;
    this.notePauses();
  }

  /** It, or all of its owner's, is paused or isn't any more. */
  notePauses(): void {
    this.isGated = this.window !== undefined || this.isPaused || this.owner.isPaused;
  }

  setCapacity(capacity: number): void {
    this.capacity = capacity;
    this.ceiling = ceilingOf(capacity);
  }

  /** Whether so much of it can't start now, whatever is free; if a rate is the reason, those in line are asked when there is more. */
  isShut(rated: number): boolean {
    if (!this.isGated) return false;
    if (this.isPaused || this.owner.isPaused) return true;
    if (this.window === undefined) return false;
    const now = this.owner.clock.now();
    if (this.window.admits(rated, now)) return false;
    const roomAt = this.window.roomAfter(now);
    if (roomAt !== undefined) this.owner.wakeAt(roomAt);
    return true;
  }

  /** That it is lacking, for those who tell of it. */
  lackOf(how: HowLacking): SharedLack {
    this.#lacks ??= {};
    this.#lacks[how] ??= Object.freeze({ resource: this.name, how, label: this.owner.label });
    return this.#lacks[how];
  }

  take(amount: number, rated: number): void {
    this.taken += amount;
    this.#holders++;
    if (this.window !== undefined) {
      this.startedAt = this.owner.clock.now();
      this.window.take(rated, this.startedAt);
    }
    this.#changed();
  }

  /** What was to start at a time has not. */
  undoStart(rated: number, at: number): void {
    this.window?.undo(rated, at);
  }

  giveBack(amount: number): void {
    this.#holders--;
    // With no holder left, what remains is the rounding of fractions.
    this.taken = this.#holders === 0 ? 0 : this.taken - amount;
    this.#changed();
  }

  /** What was taken by one is taken by so many more. */
  countHolders(more: number): void {
    this.#holders += more;
  }

  lose(amount: number, sign: 1 | -1): void {
    this.#losers += sign;
    this.owner.losses += sign;
    this.lost = this.#losers === 0 ? 0 : this.lost + sign * amount;
    this.#changed();
  }

  /** Somebody waits for it, or doesn't any more. */
  countInLine(sign: 1 | -1, isBarrier: boolean): void {
    this.inLine += sign;
    if (isBarrier) this.barriers += sign;
    if (sign < 0 && this.inLine === 0 && this.window !== undefined) this.owner.leftRate();
    this.#changed();
  }

  /** Whether nothing about it is left to remember. */
  get isAtEase(): boolean {
    if (this.demands > 0 || this.#holders > 0 || this.isPaused) return false;
    return this.window?.roomAfter(this.owner.clock.now()) === undefined;
  }

  #changed(): void {
    if (this.owner.onChange !== undefined) this.owner.onChange();
  }
}

/* eslint-disable rxjs-x/no-subclass, @typescript-eslint/no-deprecated -- the one place that leans on the inside of
   RxJS's Subscriber */
import { type Observable, Subscriber } from './rxjs-parts.ts';

/**
 * What an operator of ours subscribes to its source with: passes everything on to those downstream, goes with them,
 * and can be unsubscribed while a synchronous source is still emitting.
 *
 * A library of another kind (RxJS 6, another copy of RxJS) reaches it through an object made from it, or a Proxy. Such an
 * object has none of its private fields, and what is set on it isn't set here. So every method works on `self`: those who
 * override one begin with `const { self } = this`.
 *
 * RxJS 7 has this class too but keeps it to itself, and a plain observer's Subscription is only known once `subscribe`
 * has returned. In RxJS 9 its `operate` takes the place.
 */
export class OperatorSubscriber<Value> extends Subscriber<Value> {
  /** The subscriber itself, through whatever it is reached. */
  protected readonly self: this;

  constructor(downstream?: Subscriber<Value>) {
    super(downstream);
    this.self = this;
  }

  override unsubscribe(): void {
    // Those downstream may be closed already: then it is unsubscribed while it is made.
    const self = (this.self as this | undefined) ?? this;
    if (self === this) super.unsubscribe();
    else self.unsubscribe();
  }

  protected override _next(value: Value): void {
    this.self.destination.next(value);
  }

  protected override _error(error: unknown): void {
    const { self } = this;
    try {
      self.destination.error(error);
    } finally {
      self.unsubscribe();
    }
  }

  protected override _complete(): void {
    const { self } = this;
    try {
      self.destination.complete();
    } finally {
      self.unsubscribe();
    }
  }
}

/** Subscribes to a source of whatever library; unsubscribing from the subscriber reaches it. */
export function subscribeTo<Value>(source: Observable<Value>, subscriber: Subscriber<Value>): void {
  const subscription = source.subscribe(subscriber);
  // Ours is given back by those who took it as it is; others made one of their own.
  if (subscription !== subscriber) subscriber.add(subscription);
}

import { type Observable, type Subscriber, Subscription } from 'rxjs';

/** Observables of other libraries: how their subscribers reach ours. */
export const foreigners: readonly (readonly [
  name: string,
  make: <Value>(source: Observable<Value>) => Observable<Value>,
])[] = [
  ['RxJS’s own interop helper, through a Proxy', (source) => foreign(source, proxied)],
  ['RxJS 6, through an object made from it', (source) => foreign(source, inherited)],
];

/** As the Observable of another library: no instance of RxJS's class, and with subscribers of its own. */
function foreign<Value>(
  source: Observable<Value>,
  reach: (subscriber: Subscriber<Value>) => { readonly seen: object; readonly subscription: Subscription },
): Observable<Value> {
  const other = {
    subscribe(subscriber: Subscriber<Value>): Subscription {
      const { seen, subscription } = reach(subscriber);
      const target = seen as Subscriber<Value>;
      // RxJS 6 hands out what it made, whatever it was given.
      subscription.add(
        source.subscribe({
          next: (value) => {
            if (!subscription.closed) target.next(value);
          },
          error: (error: unknown) => {
            if (subscription.closed) return;
            target.error(error);
            subscription.unsubscribe();
          },
          complete: () => {
            if (subscription.closed) return;
            target.complete();
            subscription.unsubscribe();
          },
        }),
      );
      return subscription;
    },
    // RxJS 7 and 6 agree on this name where the platform has no symbol for it.
    '@@observable': () => other,
    pipe(...operators: ((from: unknown) => unknown)[]): unknown {
      return operators.reduce<unknown>((from, operator) => operator(from), other);
    },
  };
  return other as unknown as Observable<Value>;
}

function proxied<Value>(subscriber: Subscriber<Value>) {
  const seen = new Proxy(subscriber, {
    getPrototypeOf: (target) => ({ ...(Object.getPrototypeOf(target) as object) }),
  });
  const subscription = new Subscription();
  subscriber.add(() => {
    subscription.unsubscribe();
  });
  return { seen, subscription };
}

/** What `SafeSubscriber` of RxJS 6 does with an observer that can be unsubscribed. */
function inherited<Value>(subscriber: Subscriber<Value>) {
  const seen = Object.create(subscriber) as { unsubscribe: () => void };
  const subscription = new Subscription();
  subscription.add(seen.unsubscribe.bind(seen));
  seen.unsubscribe = subscription.unsubscribe.bind(subscription);
  return { seen, subscription };
}

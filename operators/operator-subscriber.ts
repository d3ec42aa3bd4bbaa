/* eslint-disable rxjs-x/no-subclass, @typescript-eslint/no-deprecated, @typescript-eslint/no-useless-constructor --
   the one place that leans on the inside of RxJS's Subscriber */
import { Subscriber } from 'rxjs';

/**
 * What an operator of ours subscribes to its source with: passes everything on to those downstream, goes with them,
 * and can be unsubscribed while a synchronous source is still emitting.
 *
 * RxJS 7 has this class too but keeps it to itself, and a plain observer's Subscription is only known once `subscribe`
 * has returned. In RxJS 9 its `operate` takes the place.
 */
export class OperatorSubscriber<Value> extends Subscriber<Value> {
  constructor(downstream?: Subscriber<Value>) {
    super(downstream);
  }
}

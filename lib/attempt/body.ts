import type { InteropObservable, Observable } from 'rxjs';
import { fromInterop } from '../base/interop-observable.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { BodyListener } from './body-listener.ts';
import { IteratedBody } from './iterated-body.ts';
import { ObservedBody } from './observed-body.ts';
import { kindOf, type ReturnedKind } from './returned-work.ts';

/**
 * Follows what a function returned to its output. The listener may be called before this returns.
 *
 * Adds no Promise of its own, except around a thenable that isn't one.
 */
export function followBody(returned: unknown, listener: BodyListener): void {
  let kind: ReturnedKind;
  try {
    kind = kindOf(returned);
  } catch (error) {
    listener.failed(error);
    return;
  }
  switch (kind) {
    case 'plain':
      listener.completed(returned);
      break;
    case 'promise':
      followPromise(returned as Promise<unknown>, listener);
      break;
    case 'thenable':
      followPromise(Promise.resolve(returned), listener);
      break;
    case 'observable':
      new ObservedBody(listener).follow(returned as Observable<unknown>);
      break;
    case 'interop':
      new ObservedBody(listener).follow(fromInterop(returned as InteropObservable<unknown>));
      break;
    case 'steps':
      if (listener.handedOver === undefined) listener.completed(returned);
      else listener.handedOver(returned as Hostable | Step);
      break;
    case 'iterable':
      void new IteratedBody(listener).follow(returned as AsyncIterable<unknown>);
      break;
    default:
      kind satisfies never;
  }
}

function followPromise(promise: Promise<unknown>, listener: BodyListener): void {
  promise.then(
    (value) => {
      followBody(value, listener);
    },
    (error: unknown) => {
      listener.failed(error);
    },
  );
}

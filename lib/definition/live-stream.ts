import type { Observable } from 'rxjs';

/** What a step emits, as it emits it: read once, in one of two ways. */
export interface LiveStream<out Value> extends AsyncIterable<Value> {
  /**
   * The values as an Observable: it takes them as they come, and holds nobody back.
   *
   * Errors with what the step failed with. Unsubscribing is leaving the stream.
   */
  toObservable(): Observable<Value>;
}

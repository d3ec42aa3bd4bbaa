import type { EnterContext } from '../base/async-context.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { Outlet } from './outlet.ts';

/** Something that a function returned and that goes on. */
export interface RunningBody {
  /** Tells it to stop; the listener hears when it has. */
  stop(reason?: unknown): void;
  /** Where it is several steps: nothing more starts, but what runs may finish. */
  drain?(reason: unknown): void;
}

/** Who is told how a body ended: by exactly one of the first four, once. */
export interface BodyListener {
  /** It produced its output: the value, or the last one of a stream. */
  completed(output: unknown): void;
  /** Its stream completed without a value. */
  empty(): void;
  failed(error: unknown): void;
  /** It stopped because it was told to, without an outcome of its own. */
  stopped(): void;
  /** Where each value goes beside the last one's being the output, where others read them. */
  readonly outlet?: Outlet | undefined;
  /** A stream is about to be subscribed to, and can be told to stop. A Promise can't: it is waited for. */
  running?(body: RunningBody): void;
  /** It is steps of their own that do the work. Who doesn't know what to do with them takes them for the output. */
  handedOver?(work: Hostable | Step): void;
  /** Something that the stream had set up threw as it was torn down. Its outcome stands. */
  tornDown?(error: unknown): void;
  /** Enters the async context that the body is to have, where that isn't the one in which it is followed. */
  readonly enterBody?: EnterContext | undefined;
  /** Runs what somebody else's call has brought about, where it belongs. */
  within?(work: () => void): void;
}

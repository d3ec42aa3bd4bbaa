import { ownOf } from '../base/record.ts';
import { RunningTask, type TaskHost } from '../task/running-task.ts';
import type { Tasks } from '../task/task-record.ts';
import { controlWord, mayBegin } from '../wire/control.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import { type FromWorker, type RunMessage, type ToWorker, toWorker } from '../wire/messages.ts';
import { TaskToken } from './task-token.ts';

/** The port as a thread sees it. */
export interface RunnerPort {
  /** Sends a message; throws where a part of it can't be cloned. */
  post(message: FromWorker, list?: readonly object[]): void;
  /** Takes the oldest message that has arrived, without waiting for one. */
  receive(): ToWorker | undefined;
  /**
   * Calls `work` once the host has dealt with what the last task has left behind, such as a rejection that nobody
   * handles: it isn't blamed on the next. Where this is absent, the next begins at once.
   */
  later?(work: () => void): void;
}

/**
 * Runs in a thread what the main side asks for: one task at a time, in the order in which they were sent, without
 * those that the main side has taken back meanwhile.
 */
export class TaskRunner {
  readonly #tasks: Tasks;
  readonly #port: RunnerPort;
  readonly #control: Int32Array;
  readonly #host: TaskHost;
  /** What was sent while another task ran; the oldest first. */
  readonly #waiting: RunMessage[] = [];
  #running: RunningTask | undefined;
  #isNextDue = false;

  constructor(tasks: Tasks, port: RunnerPort, control: Int32Array) {
    this.#tasks = tasks;
    this.#port = port;
    this.#control = control;
    const receive = (): void => {
      for (let message = port.receive(); message !== undefined; message = port.receive())
        this.handle(message);
    };
    this.#host = {
      post: (message, list) => {
        this.#port.post(message, list);
        if (this.#waiting.length > 0 && this.#running === undefined) this.#beginLater();
      },
      receive,
      token: (uid) => new TaskToken(control, uid, receive),
      over: (task) => {
        if (this.#running === task) this.#running = undefined;
      },
    };
  }

  /** Handles one message; those about a task that is over are ignored. */
  handle(message: ToWorker): void {
    switch (message[0]) {
      case toWorker.run:
        if (this.#running !== undefined || this.#waiting.length > 0) this.#waiting.push(message);
        else this.#begin(message);
        return;
      case toWorker.cancel:
        if (this.#running?.uid === message[1]) this.#running.stop(decodeThrown(message[2]));
        return;
      case toWorker.credit:
        if (this.#running?.uid === message[1]) this.#running.grant(message[2]);
        return;
      case toWorker.heard:
        if (this.#running?.uid === message[1]) this.#running.heard(message[2], message[3]);
    }
  }

  #begin(message: RunMessage): void {
    const [, uid, name, input] = message;
    if (!mayBegin(this.#control, uid)) return;
    Atomics.store(this.#control, controlWord.started, uid);
    this.#running = new RunningTask(message, this.#host);
    this.#running.start((context) => ownOf(this.#tasks, name)?.(input as never, context));
  }

  #beginLater(): void {
    if (this.#isNextDue) return;
    this.#isNextDue = true;
    const begin = (): void => {
      this.#isNextDue = false;
      this.#beginWaiting();
    };
    if (this.#port.later === undefined) begin();
    else this.#port.later(begin);
  }

  #beginWaiting(): void {
    const message = this.#waiting.shift();
    if (message === undefined) return;
    this.#begin(message);
    if (this.#waiting.length > 0 && this.#running === undefined) this.#beginLater();
  }
}

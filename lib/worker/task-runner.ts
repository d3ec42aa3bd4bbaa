import { decodeThrown } from './error-codec.ts';
import { RunningTask, type TaskHost } from './running-task.ts';
import type { Tasks } from './task-record.ts';
import { TaskToken } from './task-token.ts';
import { controlWord, type FromWorker, type ToWorker, toWorker } from './wire.ts';

/** The port as a thread sees it. */
export interface RunnerPort {
  /** Sends a message; throws where a part of it can't be cloned. */
  post(message: FromWorker, list?: readonly object[]): void;
  /** Takes the oldest message that has arrived, without waiting for one. */
  receive(): ToWorker | undefined;
}

/** Runs in a thread what the main side asks for, one task at a time. */
export class TaskRunner {
  readonly #tasks: Tasks;
  readonly #port: RunnerPort;
  readonly #control: Int32Array;
  readonly #host: TaskHost;
  #running: RunningTask | undefined;

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
      },
      token: (uid) => new TaskToken(control, uid, receive),
      over: (task) => {
        if (this.#running === task) this.#running = undefined;
      },
    };
  }

  /** Handles one message; those about a task that is over are ignored. */
  handle(message: ToWorker): void {
    switch (message[0]) {
      case toWorker.run: {
        const [, uid, name, input] = message;
        Atomics.store(this.#control, controlWord.started, uid);
        this.#running = new RunningTask(message, this.#host);
        this.#running.start((context) => this.#tasks[name]?.(input as never, context));
        return;
      }
      case toWorker.cancel:
        if (this.#running?.uid === message[1]) this.#running.stop(decodeThrown(message[2]));
    }
  }
}

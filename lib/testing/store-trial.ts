import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import type { Awaitable, ObjectKind, OpenedRun, StoreBackend } from '../store/backend.ts';
import { RunHeldError, StoreError } from '../store/store-errors.ts';
import { StoreLawBrokenError } from './store-law-broken-error.ts';

/** What a backend is tried with. */
export interface TrialParts {
  readonly makeBackend: () => Awaitable<StoreBackend>;
  readonly abandon: ((backend: StoreBackend) => Awaitable<void>) | undefined;
  readonly patienceMs: number;
}

/** How often it is looked whether something has come, in ms. */
const pollMs = 5;

/** A backend on trial for one law: every call is noted, and what goes otherwise than expected breaks the law. */
export class StoreTrial {
  readonly #law: string;
  readonly #parts: TrialParts;
  readonly #calls: string[] = [];
  readonly #handles: StoreHandle[] = [];

  constructor(law: string, parts: TrialParts) {
    this.#law = law;
    this.#parts = parts;
  }

  /** Whether owners can be made to look dead. */
  get canAbandon(): boolean {
    return this.#parts.abandon !== undefined;
  }

  /** Another handle on the same place, as another process has it. */
  async handle(): Promise<StoreHandle> {
    const name = `store${String(this.#handles.length + 1)}`;
    const backend = await this.try(`${name} = makeBackend()`, () => this.#parts.makeBackend());
    const handle = new StoreHandle(this, name, backend);
    this.#handles.push(handle);
    return handle;
  }

  /** Makes the owner look dead whose runs a handle holds. */
  async abandon(handle: StoreHandle): Promise<void> {
    await this.try(`abandon(${handle.name})`, () => this.#parts.abandon?.(handle.backend));
  }

  /** Removes all that there is, and lets go of the backend. */
  async over(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close();
    const last = await this.handle();
    for (const { runId } of await this.try('listRuns()', () => last.backend.listRuns()))
      await last.removeRun(runId);
    for (const kind of ['blob', 'cached'] as const)
      for (const { name } of await this.try(`listObjects('${kind}')`, () => last.backend.listObjects(kind)))
        await last.removeObject(kind, name);
    await last.close();
    this.#handles.length = 0;
  }

  /** Does something that has to succeed. */
  async try<Value>(call: string, work: () => Awaitable<Value>): Promise<Value> {
    try {
      const value = await work();
      this.#calls.push(call);
      return value;
    } catch (error) {
      this.#calls.push(`${call} → ${messageOf(error)}`);
      throw this.broken('it failed', error);
    }
  }

  /** Does something that has to fail in a certain way. */
  async refused(
    call: string,
    errorType: typeof StoreError | typeof RunHeldError,
    work: () => Awaitable<unknown>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#calls.push(`${call} → ${messageOf(error)}`);
      if (error instanceof errorType) return;
      throw this.broken(`it failed with something else than a ${errorType.name}`, error);
    }
    this.#calls.push(call);
    throw this.broken(`it succeeded, and should have failed with a ${errorType.name}`);
  }

  /** What came of the last call has to be this. */
  equal(what: string, found: unknown, expected: unknown): void {
    if (textOf(found) !== textOf(expected))
      throw this.broken(`${what} should have been ${shown(expected)}, and was ${shown(found)}`);
  }

  /** Something has to come. */
  async comes(what: string, isThere: () => boolean): Promise<void> {
    const clock = clockOf(undefined);
    const end = clock.now() + this.#parts.patienceMs;
    while (!isThere()) {
      if (clock.now() > end)
        throw this.broken(`${what} should have come within ${String(this.#parts.patienceMs)} ms`);
      await new Promise<void>((resolve) => {
        clock.after(pollMs, resolve);
      });
    }
    this.#calls.push(`(${what} came)`);
  }

  broken(violation: string, cause?: unknown): StoreLawBrokenError {
    const store = this.#handles.at(-1)?.backend.name ?? 'the store';
    return new StoreLawBrokenError(
      store,
      this.#law,
      violation,
      // What is done to tidy up is no part of it.
      [...this.#calls],
      cause === undefined ? undefined : { cause },
    );
  }
}

/** A handle of a backend on trial. */
export class StoreHandle {
  readonly name: string;
  readonly backend: StoreBackend;
  readonly #trial: StoreTrial;
  #runs = 0;

  constructor(trial: StoreTrial, name: string, backend: StoreBackend) {
    this.#trial = trial;
    this.name = name;
    this.backend = backend;
  }

  async openRun(runId: string): Promise<RunHandle> {
    const name = `${this.name}.run${String(++this.#runs)}`;
    const requests: string[] = [];
    const displacedBy: string[] = [];
    const watcher = {
      cancelRequested: (reason: string) => void requests.push(reason),
      displaced: (by: string) => void displacedBy.push(by),
    };
    const run = await this.#trial.try(`${name} = ${this.name}.openRun(${shown(runId)})`, () =>
      this.backend.openRun(runId, watcher),
    );
    return new RunHandle(this.#trial, name, run, requests, displacedBy);
  }

  async isHeld(runId: string): Promise<void> {
    const watcher = { cancelRequested: () => undefined, displaced: () => undefined };
    await this.#trial.refused(`${this.name}.openRun(${shown(runId)})`, RunHeldError, () =>
      this.backend.openRun(runId, watcher),
    );
  }

  async hasLines(runId: string, expected: readonly string[] | undefined): Promise<void> {
    const call = `${this.name}.readLines(${shown(runId)})`;
    this.#trial.equal(
      'the lines',
      await this.#trial.try(call, () => this.backend.readLines(runId)),
      expected,
    );
  }

  async hasEvents(runId: string, expected: readonly string[]): Promise<void> {
    const call = `${this.name}.readEvents(${shown(runId)})`;
    this.#trial.equal(
      'the events',
      await this.#trial.try(call, () => this.backend.readEvents(runId)),
      expected,
    );
  }

  /** The runs have to be these, held or not. */
  async hasRuns(expected: ReadonlyMap<string, boolean>): Promise<void> {
    const runs = await this.#trial.try(`${this.name}.listRuns()`, () => this.backend.listRuns());
    const found = runs.map(({ runId, heldBy }) => [runId, heldBy !== undefined]);
    this.#trial.equal('the runs, and whether each is held,', found.sort(), [...expected].sort());
    for (const { runId, size, changedAt } of runs)
      if (!(size >= 0 && changedAt > 0))
        throw this.#trial.broken(
          `run ${shown(runId)} should have a size and a time, and has ${String(size)} and ${String(changedAt)}`,
        );
  }

  removeRun(runId: string): Promise<void> {
    return this.#trial.try(`${this.name}.removeRun(${shown(runId)})`, () => this.backend.removeRun(runId));
  }

  async canNotRemoveRun(runId: string): Promise<void> {
    await this.#trial.refused(`${this.name}.removeRun(${shown(runId)})`, RunHeldError, () =>
      this.backend.removeRun(runId),
    );
  }

  async requestCancel(runId: string, reason: string, isHeld: boolean): Promise<void> {
    const call = `${this.name}.requestCancel(${shown(runId)}, ${shown(reason)})`;
    const found = await this.#trial.try(call, () => this.backend.requestCancel(runId, reason));
    this.#trial.equal('whether somebody holds it', found, isHeld);
  }

  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    return this.#trial.try(`${this.name}.putObject('${kind}', ${shown(name)}, ${shown(bytes)})`, () =>
      this.backend.putObject(kind, name, bytes),
    );
  }

  getObject(kind: ObjectKind, name: string): Promise<Uint8Array | undefined> {
    return this.#trial.try(`${this.name}.getObject('${kind}', ${shown(name)})`, () =>
      this.backend.getObject(kind, name),
    );
  }

  async hasObject(kind: ObjectKind, name: string, expected: Uint8Array | undefined): Promise<void> {
    this.#trial.equal('the object', await this.getObject(kind, name), expected);
  }

  /** The objects have to be these, with these sizes. */
  async hasObjects(kind: ObjectKind, expected: ReadonlyMap<string, number>): Promise<void> {
    const objects = await this.#trial.try(`${this.name}.listObjects('${kind}')`, () =>
      this.backend.listObjects(kind),
    );
    this.#trial.equal(
      'the objects, and their sizes,',
      objects.map(({ name, size }) => [name, size]).sort(),
      [...expected].sort(),
    );
    for (const { name, usedAt } of objects)
      if (!(usedAt > 0))
        throw this.#trial.broken(`${shown(name)} should have a time, and has ${String(usedAt)}`);
  }

  removeObject(kind: ObjectKind, name: string): Promise<void> {
    return this.#trial.try(`${this.name}.removeObject('${kind}', ${shown(name)})`, () =>
      this.backend.removeObject(kind, name),
    );
  }

  close(): Promise<void> {
    return this.#trial.try(`${this.name}.close()`, () => this.backend.close());
  }
}

/** A run that a backend on trial has opened. */
export class RunHandle {
  readonly run: OpenedRun;
  /** What it was asked. */
  readonly requests: readonly string[];
  /** By whom it was displaced. */
  readonly displacedBy: readonly string[];
  readonly #trial: StoreTrial;
  readonly #name: string;

  constructor(
    trial: StoreTrial,
    name: string,
    run: OpenedRun,
    requests: readonly string[],
    displacedBy: readonly string[],
  ) {
    this.#trial = trial;
    this.#name = name;
    this.run = run;
    this.requests = requests;
    this.displacedBy = displacedBy;
  }

  /** What it found as it was opened has to be this, and nothing wrong with it. */
  found(epoch: number, lines: readonly string[]): void {
    this.#trial.equal(`${this.#name}.epoch`, this.run.epoch, epoch);
    this.#trial.equal(`${this.#name}.lines`, this.run.lines, lines);
    this.#trial.equal(`${this.#name}.problems`, this.run.problems, []);
  }

  append(lines: readonly string[]): Promise<void> {
    return this.#trial.try(`${this.#name}.append(${shown(lines)})`, () => this.run.append(lines));
  }

  appendEvents(lines: readonly string[]): Promise<void> {
    return this.#trial.try(`${this.#name}.appendEvents(${shown(lines)})`, () => this.run.appendEvents(lines));
  }

  async canNotAppend(lines: readonly string[]): Promise<void> {
    await this.#trial.refused(`${this.#name}.append(${shown(lines)})`, StoreError, () =>
      this.run.append(lines),
    );
  }

  close(): Promise<void> {
    return this.#trial.try(`${this.#name}.close()`, () => this.run.close());
  }
}

const longestShown = 120;

function shown(value: unknown): string {
  const text = textOf(value);
  return text.length <= longestShown
    ? text
    : `${text.slice(0, longestShown)}… (${String(text.length)} characters)`;
}

/** Tells values apart that differ. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes [${value.join(' ')}]`;
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

import type { ObjectKind, OpenedRun, StoreBackend } from '../store/backend.ts';
import { RunHeldError, StoreError } from '../store/store-errors.ts';
import { type StoreWitness, shown } from './store-witness.ts';

/** A handle of a backend on trial. */
export class StoreHandle {
  readonly name: string;
  readonly backend: StoreBackend;
  readonly #witness: StoreWitness;
  #runs = 0;

  constructor(witness: StoreWitness, name: string, backend: StoreBackend) {
    this.#witness = witness;
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
    const run = await this.#witness.try(`${name} = ${this.name}.openRun(${shown(runId)})`, () =>
      this.backend.openRun(runId, watcher),
    );
    return new RunHandle(this.#witness, name, run, requests, displacedBy);
  }

  async isHeld(runId: string): Promise<void> {
    const watcher = { cancelRequested: () => undefined, displaced: () => undefined };
    await this.#witness.refused(`${this.name}.openRun(${shown(runId)})`, RunHeldError, () =>
      this.backend.openRun(runId, watcher),
    );
  }

  async hasLines(runId: string, expected: readonly string[] | undefined): Promise<void> {
    const call = `${this.name}.readLines(${shown(runId)})`;
    this.#witness.equal(
      'the lines',
      await this.#witness.try(call, () => this.backend.readLines(runId)),
      expected,
    );
  }

  async hasEvents(runId: string, expected: readonly string[]): Promise<void> {
    const call = `${this.name}.readEvents(${shown(runId)})`;
    this.#witness.equal(
      'the events',
      await this.#witness.try(call, () => this.backend.readEvents(runId)),
      expected,
    );
  }

  /** The runs have to be these, held or not. */
  async hasRuns(expected: ReadonlyMap<string, boolean>): Promise<void> {
    const runs = await this.#witness.try(`${this.name}.listRuns()`, () => this.backend.listRuns());
    const found = runs.map(({ runId, heldBy }) => [runId, heldBy !== undefined]);
    this.#witness.equal('the runs, and whether each is held,', found.sort(), [...expected].sort());
    for (const { runId, size, changedAt } of runs)
      if (!(size >= 0 && changedAt > 0))
        throw this.#witness.broken(
          `run ${shown(runId)} should have a size and a time, and has ${String(size)} and ${String(changedAt)}`,
        );
  }

  removeRun(runId: string): Promise<void> {
    return this.#witness.try(`${this.name}.removeRun(${shown(runId)})`, () => this.backend.removeRun(runId));
  }

  async canNotRemoveRun(runId: string): Promise<void> {
    await this.#witness.refused(`${this.name}.removeRun(${shown(runId)})`, RunHeldError, () =>
      this.backend.removeRun(runId),
    );
  }

  async requestCancel(runId: string, reason: string, isHeld: boolean): Promise<void> {
    const call = `${this.name}.requestCancel(${shown(runId)}, ${shown(reason)})`;
    const found = await this.#witness.try(call, () => this.backend.requestCancel(runId, reason));
    this.#witness.equal('whether somebody holds it', found, isHeld);
  }

  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    return this.#witness.try(`${this.name}.putObject('${kind}', ${shown(name)}, ${shown(bytes)})`, () =>
      this.backend.putObject(kind, name, bytes),
    );
  }

  getObject(kind: ObjectKind, name: string): Promise<Uint8Array | undefined> {
    return this.#witness.try(`${this.name}.getObject('${kind}', ${shown(name)})`, () =>
      this.backend.getObject(kind, name),
    );
  }

  async hasObject(kind: ObjectKind, name: string, expected: Uint8Array | undefined): Promise<void> {
    this.#witness.equal('the object', await this.getObject(kind, name), expected);
  }

  /** The objects have to be these, with these sizes. */
  async hasObjects(kind: ObjectKind, expected: ReadonlyMap<string, number>): Promise<void> {
    const objects = await this.#witness.try(`${this.name}.listObjects('${kind}')`, () =>
      this.backend.listObjects(kind),
    );
    this.#witness.equal(
      'the objects, and their sizes,',
      objects.map(({ name, size }) => [name, size]).sort(),
      [...expected].sort(),
    );
    for (const { name, usedAt } of objects)
      if (!(usedAt > 0))
        throw this.#witness.broken(`${shown(name)} should have a time, and has ${String(usedAt)}`);
  }

  removeObject(kind: ObjectKind, name: string): Promise<void> {
    return this.#witness.try(`${this.name}.removeObject('${kind}', ${shown(name)})`, () =>
      this.backend.removeObject(kind, name),
    );
  }

  async removeAll(): Promise<void> {
    for (const { runId } of await this.#witness.try(`${this.name}.listRuns()`, () => this.backend.listRuns()))
      await this.removeRun(runId);
    for (const kind of ['blob', 'cached'] as const) {
      const call = `${this.name}.listObjects('${kind}')`;
      for (const { name } of await this.#witness.try(call, () => this.backend.listObjects(kind)))
        await this.removeObject(kind, name);
    }
  }

  close(): Promise<void> {
    return this.#witness.try(`${this.name}.close()`, () => this.backend.close());
  }
}

/** A run that a backend on trial has opened. */
export class RunHandle {
  readonly run: OpenedRun;
  /** What it was asked. */
  readonly requests: readonly string[];
  /** By whom it was displaced. */
  readonly displacedBy: readonly string[];
  readonly #witness: StoreWitness;
  readonly #name: string;

  constructor(
    witness: StoreWitness,
    name: string,
    run: OpenedRun,
    requests: readonly string[],
    displacedBy: readonly string[],
  ) {
    this.#witness = witness;
    this.#name = name;
    this.run = run;
    this.requests = requests;
    this.displacedBy = displacedBy;
  }

  /** What it found as it was opened has to be this, and nothing wrong with it. */
  found(epoch: number, lines: readonly string[]): void {
    this.#witness.equal(`${this.#name}.epoch`, this.run.epoch, epoch);
    this.#witness.equal(`${this.#name}.takeLines()`, [...this.run.takeLines()], lines);
    this.#witness.equal(`${this.#name}.problems`, this.run.problems, []);
  }

  append(lines: readonly string[]): Promise<void> {
    return this.#witness.try(`${this.#name}.append(${shown(lines)})`, () => this.run.append(lines));
  }

  appendEvents(lines: readonly string[]): Promise<void> {
    return this.#witness.try(`${this.#name}.appendEvents(${shown(lines)})`, () =>
      this.run.appendEvents(lines),
    );
  }

  async canNotAppend(lines: readonly string[]): Promise<void> {
    await this.#witness.refused(`${this.#name}.append(${shown(lines)})`, StoreError, () =>
      this.run.append(lines),
    );
  }

  close(): Promise<void> {
    return this.#witness.try(`${this.#name}.close()`, () => this.run.close());
  }
}

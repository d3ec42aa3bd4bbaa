import type { Awaitable, StoreBackend } from '../store/backend.ts';
import { StoreHandle } from './store-handle.ts';
import { StoreWitness } from './store-witness.ts';

/** What a backend is tried with. */
export interface TrialParts {
  readonly makeBackend: () => Awaitable<StoreBackend>;
  readonly abandon: ((backend: StoreBackend) => Awaitable<void>) | undefined;
  readonly patienceMs: number;
}

/** A backend on trial for one law. */
export class StoreTrial {
  readonly #parts: TrialParts;
  readonly #witness: StoreWitness;
  readonly #handles: StoreHandle[] = [];

  constructor(law: string, parts: TrialParts) {
    this.#parts = parts;
    this.#witness = new StoreWitness(law, parts.patienceMs);
  }

  /** Another handle on the same place, as another process has it. */
  async handle(): Promise<StoreHandle> {
    const name = `store${String(this.#handles.length + 1)}`;
    const backend = await this.#witness.try(`${name} = makeBackend()`, () => this.#parts.makeBackend());
    this.#witness.store = backend.name;
    const handle = new StoreHandle(this.#witness, name, backend);
    this.#handles.push(handle);
    return handle;
  }

  /** Makes the owner look dead whose runs a handle holds. */
  async abandon(handle: StoreHandle): Promise<void> {
    await this.#witness.try(`abandon(${handle.name})`, () => this.#parts.abandon?.(handle.backend));
  }

  /** Something that was found has to be this. */
  equal(what: string, found: unknown, expected: unknown): void {
    this.#witness.equal(what, found, expected);
  }

  /** Something has to come. */
  comes(what: string, isThere: () => boolean): Promise<void> {
    return this.#witness.comes(what, isThere);
  }

  /** Removes all that there is, and lets go of the backend. */
  async over(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close();
    const last = await this.handle();
    await last.removeAll();
    await last.close();
  }
}

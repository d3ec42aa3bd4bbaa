import { vi } from 'vitest';
import { Engine } from '../../lib/engine/engine.ts';
import { type ValidationPoint, validate } from '../../lib/engine/validate.ts';

/** What was found wrong with engines, the first of it. */
export class Validated {
  readonly #engines = new Set<Engine>();
  #found: { readonly error: unknown } | undefined;
  /** How often there was something to look at. */
  looks = 0;

  /** Looks at all engines that have started. */
  look(point: ValidationPoint): void {
    for (const engine of this.#engines) this.lookAt(engine, point);
  }

  lookAt(engine: Engine, point: ValidationPoint): void {
    this.looks++;
    try {
      validate(engine, point);
    } catch (error) {
      this.#found ??= { error };
    }
  }

  follow(engine: Engine): void {
    if (this.#engines.has(engine)) return;
    this.#engines.add(engine);
    engine.progress.events$.subscribe(() => {
      this.lookAt(engine, 'event');
    });
  }

  /** @throws what was found */
  throwIfAny(): void {
    if (this.#found !== undefined) throw this.#found.error;
  }
}

/**
 * Calls `play`, and checks the invariants of every engine that is started meanwhile: at each of its events, before each row that is
 * admitted, and each time it comes to rest.
 */
export async function validated<Result>(
  play: (look: Validated) => Result | Promise<Result>,
): Promise<Result> {
  const found = new Validated();
  // Read before they are replaced: each engine calls them as its own.
  const { launch, admit, rest } = Engine.prototype as unknown as Record<
    'launch' | 'rest' | 'admit',
    (this: Engine) => undefined
  >;
  const spies = [
    vi.spyOn(Engine.prototype, 'launch').mockImplementation(function launchFollowed(this: Engine) {
      found.follow(this);
      launch.call(this);
    }),
    vi.spyOn(Engine.prototype, 'admit').mockImplementation(function admitLookedAt(this: Engine) {
      found.lookAt(this, 'rest');
      return admit.call(this);
    }),
    vi.spyOn(Engine.prototype, 'rest').mockImplementation(function restLookedAt(this: Engine) {
      found.lookAt(this, 'rest');
      rest.call(this);
    }),
  ];
  try {
    return await play(found);
  } finally {
    for (const spy of spies) spy.mockRestore();
    found.throwIfAny();
  }
}

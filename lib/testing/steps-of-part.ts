import { concatMap, firstValueFrom, from, map, NEVER, type Observable, of, timer, toArray } from 'rxjs';
import type { RetryOptions } from '../base/retry-policy.ts';
import { choose, fallback, firstOf, optional } from '../branching.ts';
import type { Step } from '../definition/handle.ts';
import { step } from '../definition/step.ts';
import type { StepContext } from '../definition/step-context.ts';
import { type ForEachContext, forEachStep, type Items } from '../for-each-step.ts';
import { stream } from '../stream.ts';
import { subflow } from '../subflow.ts';
import { workflow } from '../workflow.ts';
import {
  attemptFails,
  type FanOut,
  type ItemsForm,
  type Leaf,
  type Nested,
  type Part,
  type Trying,
  timeoutOf,
} from './part.ts';

type AnyStep = Step<unknown, never>;

/** Makes the steps of one workflow of a plan, each with a name of its own. */
export class StepsOfPart {
  /** The number of the attempt that these steps are made for, of what they are part of. */
  readonly #outside: number;
  /** Each is made when all that it needs has been, so that a part can be asked for again. */
  readonly #made: AnyStep[] = [];
  #named = 0;

  constructor(outside = 1) {
    this.#outside = outside;
  }

  make(part: Part): AnyStep {
    const made = this.#makeNew(part);
    this.#made.push(made);
    return made;
  }

  #makeNew(part: Part): AnyStep {
    const id = `${part.kind}${String(++this.#named)}`;
    switch (part.kind) {
      case 'leaf':
        return this.#makeLeaf(id, part);
      case 'again':
        return this.#made[part.place % this.#made.length] ?? step(id, () => 'none before', { resource: {} });
      case 'all':
        return step(id, this.#makeAll(part.parts), (inputs) => Object.values(inputs), { resource: {} });
      case 'gate':
        return step(id, { part: this.make(part.part) }, (inputs) => inputs.part, {
          when: () => part.runs,
          resource: {},
        });
      case 'optional':
        return step(id, { part: optional(this.make(part.part)) }, (inputs) => inputs.part ?? null, {
          resource: {},
        });
      case 'choose':
        return choose(id, {}, () => String(part.chosen), this.#makeAll(part.parts));
      case 'first-of':
        return firstOf(
          id,
          part.parts.map((each) => this.make(each)),
        );
      case 'fallback': {
        const [first, other] = [this.make(part.part), this.make(part.other)];
        return first === other ? first : fallback(id, first, other);
      }
      case 'for-each':
        return this.#makeFanOut(id, part);
      case 'subflow':
        return this.#makeNested(id, part);
      case 'returned':
        return step(id, ({ attempt }) => new StepsOfPart(attempt).make(part.part), {
          resource: {},
          retry: retryOf(part),
        });
      case 'stream':
        return this.#makeStream(id, part);
    }
  }

  #makeAll(parts: readonly Part[]): Readonly<Record<string, AnyStep>> {
    return Object.fromEntries(parts.map((part, place) => [String(place), this.make(part)]));
  }

  #makeLeaf(id: string, leaf: Leaf): AnyStep {
    return step(id, (ctx) => this.#run(leaf, ctx), {
      resource: leaf.demand === 0 ? {} : { db: leaf.demand },
      priority: leaf.priority,
      timeout: leaf.hangs ? timeoutOf(leaf) : undefined,
      retry: retryOf(leaf),
      cleanup: leaf.cleansUp ? () => undefined : undefined,
    });
  }

  #run(leaf: Leaf, ctx: StepContext): unknown {
    const { scheduler } = ctx;
    const fails = attemptFails(leaf, ctx.attempt, this.#outside);
    const end = (): string => {
      if (fails) throw new Error('as planned');
      return 'leaf';
    };
    if (leaf.form === 'value' && !(fails && leaf.hangs)) return end();
    const ending: Observable<string> =
      fails && leaf.hangs ? NEVER : (leaf.ms === 0 ? of(0) : timer(leaf.ms, scheduler)).pipe(map(end));
    if (leaf.ignoresStop || leaf.form === 'promise')
      return leaf.ignoresStop ? firstValueFrom(ending, { defaultValue: 'nothing' }) : stoppable(ending, ctx);
    if (leaf.form === 'iterable') return iterating(ending, ctx);
    return ending;
  }

  #makeFanOut(id: string, part: FanOut): AnyStep {
    const numbers = Array.from({ length: part.count }, (_, place) => place);
    const items =
      part.items === 'step'
        ? step(`${id}items`, () => numbers, { resource: {} })
        : itemsOf(part.items, numbers);
    return forEachStep(
      id,
      // Of whichever kind they are.
      { items: items as readonly unknown[] },
      (_: unknown, __: unknown, { attempt }: ForEachContext) => new StepsOfPart(attempt).make(part.part),
      {
        concurrency: part.concurrency,
        resource: {},
        retry: retryOf(part),
        ...(part.settles ? { settle: true, reduce: fulfilled, initial: [] } : {}),
      } as object,
    );
  }

  #makeNested(id: string, part: Nested): AnyStep {
    const nested = workflow('nested', { out: new StepsOfPart(this.#outside).make(part.part) });
    return subflow(id, nested, {
      onFailure: part.goesOn ? 'continue' : 'fail-fast',
      timeout: part.timeout,
      retry: retryOf(part),
    });
  }

  #makeStream(id: string, { count, ms }: Part & { readonly kind: 'stream' }): AnyStep {
    // One more than what counts, since a stream without a value would be none.
    const emitted = step(
      `${id}source`,
      ({ scheduler }) =>
        from(Array.from({ length: count + 1 }, (_, place) => place)).pipe(
          concatMap((place) => timer(ms, scheduler).pipe(map(() => place))),
        ),
      { resource: {} },
    );
    return step(
      id,
      { emitted: stream(emitted, { overflow: 'error' }) },
      (inputs) => inputs.emitted.toObservable().pipe(toArray()),
      { resource: {} },
    );
  }
}

function retryOf({ retries, delay }: Trying): RetryOptions | undefined {
  return retries === 0 ? undefined : { attempts: retries + 1, delay };
}

/** The results that there are, in order. Those that failed are `null`. */
function fulfilled(list: readonly unknown[], result: PromiseSettledResult<unknown>): readonly unknown[] {
  return [...list, result.status === 'fulfilled' ? result.value : null];
}

/** Items that can be read once for each run and attempt. */
function itemsOf(form: ItemsForm, numbers: readonly number[]): Items {
  switch (form) {
    case 'iterable':
      return { [Symbol.iterator]: () => numbers.values() };
    case 'async':
      return {
        async *[Symbol.asyncIterator]() {
          await Promise.resolve();
          yield* numbers;
        },
      };
    case 'observable':
      return from(numbers);
    default:
      return numbers;
  }
}

/** A Promise that settles when its step is told to stop. */
function stoppable(ending: Observable<string>, { token }: StepContext): Promise<string> {
  return new Promise((resolve, reject) => {
    const subscription = ending.subscribe({ next: resolve, error: reject });
    token.onCancel(() => {
      subscription.unsubscribe();
      reject(new Error('told to stop'));
    });
  });
}

/** A decoy, and then the value. */
async function* iterating(ending: Observable<string>, ctx: StepContext): AsyncGenerator<string> {
  yield 'not yet';
  yield await stoppable(ending, ctx);
}

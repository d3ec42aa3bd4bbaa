import { AsyncLocalStorage } from 'node:async_hooks';
import {
  choose,
  fallback,
  forEachStep,
  type Run,
  type RunOptions,
  type Step,
  type StepContext,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { Observable, type Observer, Subject, share } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { settlePromises } from './support/settle-promises.ts';

const tenant = new AsyncLocalStorage<string>();

/** Notes under whose name something is called. */
class Notes {
  readonly seen: string[] = [];

  note(what: string): void {
    this.seen.push(`${what}: ${tenant.getStore() ?? 'nobody'}`);
  }

  /** Notes, and gives what it was given. */
  passing<Value>(what: string, value: Value): Value {
    this.note(what);
    return value;
  }

  /** A function that notes that it was called, and gives a value. */
  noted<Value>(what: string, value: Value): () => Value {
    return () => {
      this.note(what);
      return value;
    };
  }

  get strangers(): string[] {
    return this.seen.filter((each) => !each.endsWith(': owner'));
  }

  expectAll(...names: string[]): void {
    const what = this.seen.map((each) => each.split(':')[0]);
    expect(what).toStrictEqual(expect.arrayContaining(names));
    expect(this.strangers).toStrictEqual([]);
  }
}

/** Starts a run as its owner, and notes what its subscribers hear. */
function startedByOwner<Outputs>(
  work: Workflow<Outputs, never>,
  notes: Notes,
  options: RunOptions<never> = {},
): Run<Outputs> {
  const run = work.run({ scheduler: new VirtualTime().scheduler, ...options });
  tenant.run('owner', () => {
    run.progress$.subscribe({
      next: ({ type }) => {
        notes.note(type);
      },
      complete: () => {
        notes.note('progress$ completes');
      },
    });
    const ended = (what: string) => () => {
      notes.note(what);
    };
    run.result$.subscribe({ next: ended('result'), error: ended('error'), complete: ended('complete') });
  });
  return run;
}

const asStranger = (work: () => void): void => {
  tenant.run('stranger', work);
};

/** Everything that a run calls of a user's, after a step of which the first argument is the body. */
function everything(body: (ctx: StepContext) => unknown, notes: Notes) {
  const first = step('first', (ctx) => {
    notes.note('body');
    ctx.defer(notes.noted('deferred', undefined));
    return body(ctx);
  });
  const gated = step('gated', { first }, notes.noted('gated', 1), {
    when: notes.noted('when', true),
    cleanup: notes.noted('cleanup', undefined),
    release: notes.noted('release', undefined),
  });
  const children = forEachStep('children', { gated, items: [1, 2] }, notes.noted('child', 1), {
    key: (item) => notes.passing('key', item),
    reduce: (sum: number) => notes.passing('reduce', sum),
    initial: 0,
  });
  return { first, gated, children };
}

describe.each(['in a run', 'in a subflow'])(
  '%s, what is called is called in the context in which the run was started',
  (where) => {
    const within = (steps: Record<string, Step<unknown, never>>): Workflow<unknown, never> => {
      const inner = workflow('inner', steps);
      return where === 'in a run' ? inner : workflow('outer', { sub: subflow('sub', inner) });
    };

    test('after a Subject that another tenant pushes', () => {
      const notes = new Notes();
      const source = new Subject<number>();
      const work = within(everything(() => source, notes));
      startedByOwner(work, notes);
      asStranger(() => {
        source.next(1);
        source.complete();
      });
      notes.expectAll('body', 'deferred', 'gated', 'when', 'result', 'progress$ completes');
    });

    test('after an error that another tenant pushes', () => {
      const notes = new Notes();
      const source = new Subject<number>();
      const done = step('done', notes.noted('done', 1), {
        cleanup: notes.noted('cleanup', undefined),
        release: notes.noted('release', undefined),
      });
      const first = step('first', { done }, () => source, {
        retry: { attempts: 2, when: notes.noted('retry.when', false) },
      });
      startedByOwner(within({ first }), notes);
      asStranger(() => {
        source.error(new Error('broken'));
      });
      notes.expectAll('retry.when', 'cleanup', 'release', 'error', 'step-failed');
    });

    test('after an Observable that emits in another context', async () => {
      const notes = new Notes();
      const body = () =>
        new Observable<number>((subscriber) => {
          asStranger(() => {
            setImmediate(() => {
              subscriber.next(1);
              subscriber.complete();
            });
          });
        });
      startedByOwner(within(everything(body, notes)), notes);
      await settlePromises();
      await settlePromises();
      notes.expectAll('gated', 'result');
    });

    test('after a thenable and a Promise that another tenant settles', async () => {
      const notes = new Notes();
      let resolve: ((value: number) => void) | undefined;
      const awaited = new Promise<number>((settle) => {
        resolve = settle;
      });
      let settleThenable: ((value: number) => void) | undefined;
      const thenable = { then: (settle: (value: number) => void) => (settleThenable = settle) };
      const { first } = everything(() => awaited, notes);
      const second = step('second', { first }, () => thenable as unknown as Promise<number>);
      const third = step('third', { second }, notes.noted('third', 1));
      startedByOwner(within({ third }), notes);
      asStranger(() => resolve?.(1));
      await settlePromises();
      asStranger(() => settleThenable?.(1));
      await settlePromises();
      notes.expectAll('third', 'result');
    });

    test('after a timer of a clock that another tenant moves', () => {
      const notes = new Notes();
      const time = new VirtualTime();
      let attempts = 0;
      const first = step('first', () => (++attempts === 1 ? broken() : time.after(5, 1)), {
        retry: { attempts: 2, delay: 5 },
      });
      const slow = step('slow', { first }, () => new Observable<number>(), {
        timeout: 10,
        cleanup: notes.noted('cleanup', undefined),
      });
      const saved = fallback('saved', slow, step('instead', notes.noted('instead', 1)));
      startedByOwner(within({ saved }), notes, { scheduler: time.scheduler });
      asStranger(() => {
        time.flush();
      });
      notes.expectAll('instead', 'step-retrying', 'result');
    });

    test('after resume, setLimits and cancel of another tenant', () => {
      const notes = new Notes();
      const time = new VirtualTime();
      const a = step('a', () => time.after(1, 1), {
        resource: 'db',
        cleanup: notes.noted('cleanup', undefined),
      });
      const b = step('b', { a }, notes.noted('b', 1), { resource: 'db' });
      const c = step(
        'c',
        { b },
        (_, ctx) => {
          ctx.token.onCancel(() => {
            notes.note('told');
          });
          ctx.signal.addEventListener('abort', () => {
            notes.note('aborted');
          });
          return new Observable<number>(() => notes.noted('torn down', undefined));
        },
        { resource: 'db' },
      );
      const run = startedByOwner(within({ c }), notes, { scheduler: time.scheduler, limits: { db: 1 } });
      asStranger(() => {
        run.pause();
        time.flush();
        run.setLimits({ db: 2 });
        run.resume();
        run.pause('db');
        run.resume('db');
        run.cancel('enough');
      });
      notes.expectAll('b', 'told', 'aborted', 'torn down', 'cleanup', 'error', 'run-cancelled');
    });

    test('after what it tells of itself in another context, and a finaliser that ends there', () => {
      const notes = new Notes();
      let observer: Observer<number> | undefined;
      const closing = new Subject<number>();
      const body = (ctx: StepContext) => {
        ctx.defer(notes.noted('second finaliser', undefined));
        ctx.defer(() => closing);
        return new Observable<number>((subscriber) => {
          observer = {
            next: (value) => {
              ctx.progress(0.5);
              ctx.log('emitting');
              subscriber.next(value);
            },
            error: broken,
            complete: () => {
              subscriber.complete();
            },
          };
        });
      };
      startedByOwner(within({ first: step('first', body) }), notes);
      asStranger(() => {
        observer?.next(1);
        observer?.complete();
        closing.complete();
      });
      notes.expectAll('step-progress', 'log', 'second finaliser', 'result');
    });

    test('after items that another tenant pushes', () => {
      const notes = new Notes();
      const items = new Subject<number>();
      const children = forEachStep('children', { items: items.pipe(share()) }, notes.noted('child', 1), {
        key: (item) => notes.passing('key', item),
        reduce: (sum: number) => notes.passing('reduce', sum),
        initial: 0,
      });
      startedByOwner(within({ children }), notes);
      asStranger(() => {
        items.next(1);
        items.next(2);
        items.complete();
      });
      notes.expectAll('key', 'child', 'reduce', 'result');
    });

    test('after a step is cancelled by another tenant', () => {
      const notes = new Notes();
      const slow = step('slow', () => new Observable<number>(() => notes.noted('torn down', undefined)));
      const saved = fallback('saved', slow, step('instead', notes.noted('instead', 1)));
      const run = startedByOwner(within({ saved }), notes);
      asStranger(() => {
        run.cancelStep(where === 'in a run' ? 'slow' : 'sub/slow');
      });
      notes.expectAll('torn down', 'instead', 'result');
    });

    test('after a selector', () => {
      const notes = new Notes();
      const source = new Subject<'a' | 'b'>();
      const which = step('which', () => source);
      const one = choose('one', { which }, (inputs) => notes.passing('selector', inputs.which), {
        a: step('a', notes.noted('a', 1)),
        b: step('b', notes.noted('b', 1)),
      });
      startedByOwner(within({ one }), notes);
      asStranger(() => {
        source.next('b');
        source.complete();
      });
      notes.expectAll('selector', 'b', 'result');
    });
  },
);

test('who pulls a body to its end goes on in a context of its own', () => {
  const source = new Subject<number>();
  const notes = new Notes();
  startedByOwner(workflow('w', { first: step('first', () => source) }), notes);
  const before = tenant.run('stranger', () => {
    source.next(1);
    source.complete();
    return tenant.getStore();
  });
  expect(before).toBe('stranger');
});

import {
  Observable,
  type ObservableInput,
  type OperatorFunction,
  Subject,
  type Subscriber,
  takeUntil,
  VirtualTimeScheduler,
} from 'rxjs';

/** What `mergeMap(project, limit)` and `mergeMapWithin(limit, project)` have in common. */
export type MergeOperator = <Value, Result>(
  limit: number,
  project: (value: Value, index: number) => ObservableInput<Result>,
) => OperatorFunction<Value, Result>;

/**
 * A stream in marbles: what is before the `^` comes synchronously, while it is being subscribed to; what is after it
 * frame by frame, with `|` for completion, `#` for an error and brackets for what shares a frame. Without a `^` all
 * is synchronous.
 */
export type Marbles = string;

/** What someone does in the middle of something else. */
export type Action = { readonly feed: string } | 'complete the source' | 'fail the source' | 'unsubscribe';

/** When an action is taken: on the nth time (from 0) that something happens. */
export interface Reaction {
  readonly on: 'value' | 'project' | 'subscribe' | 'teardown';
  readonly nth: number;
  readonly does: readonly Action[];
}

/** A source of letters, the inner stream behind each letter, and what happens to them. */
export interface MergeScenario {
  readonly limit: number;
  readonly source: Marbles;
  readonly inners: Readonly<Record<string, Marbles>>;
  readonly unsubscribeAt?: number | undefined;
  /** The index for which `project` throws. */
  readonly throwsAt?: number | undefined;
  readonly reactions?: readonly Reaction[] | undefined;
}

/** What came of a scenario: every entry begins with its frame. */
interface MergeRecord {
  /** Values, and the end. */
  readonly emitted: string[];
  /** The calls of `project`. */
  readonly projected: string[];
  /** From subscription to unsubscription: of the source, then of each inner in order of its start. */
  readonly subscriptions: string[];
  /** All of it but the end, in the order in which it happened. */
  readonly story: string[];
}

/** When values and the completion are handed to the subscriber. */
export interface Turns {
  value(work: () => void): void;
  completion(work: () => void): void;
}

/** Plays a scenario with an operator, in virtual time, and records what happens. */
export function playMerge(
  scenario: MergeScenario,
  operator: MergeOperator,
  turns: Turns = nested,
): MergeRecord {
  return new Play(scenario, turns).run(operator);
}

const atOnce = (work: () => void): void => {
  work();
};
const nested: Turns = { value: atOnce, completion: atOnce };

class Play {
  readonly #scenario: MergeScenario;
  readonly #turns: Turns;
  readonly #scheduler = new VirtualTimeScheduler();
  readonly #fed = new Subject<string>();
  readonly #emitted: string[] = [];
  readonly #projected: string[] = [];
  readonly #story: string[] = [];
  readonly #spans: { readonly from: number; to: number | undefined }[] = [];
  readonly #counts = { value: 0, project: 0, subscribe: 0, teardown: 0 };
  // Reaches a stream that is still being subscribed to, which a Subscription doesn't.
  readonly #stop = new Subject<void>();
  #isStopped = false;

  constructor(scenario: MergeScenario, turns: Turns) {
    this.#scenario = scenario;
    this.#turns = turns;
  }

  run(operator: MergeOperator): MergeRecord {
    const { limit, source, unsubscribeAt } = this.#scenario;
    const merged = this.#stream('source', source, this.#fed).pipe(
      operator(limit, (letter, index) => this.#project(letter, index)),
    );
    if (unsubscribeAt !== undefined) {
      this.#scheduler.schedule(() => {
        this.#unsubscribe();
      }, unsubscribeAt);
    }
    merged.pipe(takeUntil(this.#stop)).subscribe({
      next: (value) => {
        this.#turns.value(() => {
          this.#value(value);
        });
      },
      error: (error: unknown) => {
        this.#emitted.push(this.#at(`# ${(error as Error).message}`));
      },
      complete: () => {
        this.#turns.completion(() => {
          if (!this.#isStopped) this.#emitted.push(this.#at('|'));
        });
      },
    });
    this.#scheduler.flush();
    return {
      emitted: this.#emitted,
      projected: this.#projected,
      subscriptions: this.#spans.map(
        ({ from, to }) => `${String(from)}-${to === undefined ? '' : String(to)}`,
      ),
      story: this.#story,
    };
  }

  #value(value: string): void {
    this.#emitted.push(this.#at(value));
    this.#tell(`next ${value}`);
    this.#react('value');
  }

  #project(letter: string, index: number): Observable<string> {
    this.#projected.push(this.#at(`${letter} ${String(index)}`));
    this.#tell(`project ${letter} ${String(index)}`);
    this.#react('project');
    if (index === this.#scenario.throwsAt) throw new Error(`project ${String(index)}`);
    return this.#stream(`inner ${String(index)}`, this.#scenario.inners[letter] ?? '|', undefined);
  }

  /** A stream that notes each subscription; `also` is merged into it. */
  #stream(name: string, marbles: Marbles, also: Observable<string> | undefined): Observable<string> {
    const [before, after] = marbles.includes('^') ? marbles.split('^') : [marbles, ''];
    return new Observable((subscriber) => {
      const span: { from: number; to: number | undefined } = { from: this.#scheduler.now(), to: undefined };
      this.#spans.push(span);
      this.#tell(`subscribe ${name}`);
      subscriber.add(also?.subscribe(subscriber));
      if (name !== 'source') this.#react('subscribe');
      for (const event of before ?? '') {
        if (subscriber.closed) break;
        emit(subscriber, event, name);
      }
      for (const [frame, event] of timeline(after ?? '')) {
        if (subscriber.closed) break;
        subscriber.add(
          this.#scheduler.schedule(() => {
            emit(subscriber, event, name);
          }, frame),
        );
      }
      return () => {
        span.to = this.#scheduler.now();
        this.#tell(`unsubscribe ${name}`);
        if (name !== 'source') this.#react('teardown');
      };
    });
  }

  #react(on: Reaction['on']): void {
    const nth = this.#counts[on]++;
    for (const reaction of this.#scenario.reactions ?? []) {
      if (reaction.on !== on || reaction.nth !== nth) continue;
      for (const action of reaction.does) this.#do(action);
    }
  }

  #do(action: Action): void {
    if (action === 'unsubscribe') this.#unsubscribe();
    else if (action === 'complete the source') this.#fed.complete();
    else if (action === 'fail the source') this.#fed.error(new Error('fed'));
    else this.#fed.next(action.feed);
  }

  #unsubscribe(): void {
    this.#isStopped = true;
    this.#stop.next();
  }

  #tell(what: string): void {
    this.#story.push(this.#at(what));
  }

  #at(what: string): string {
    return `${String(this.#scheduler.now())}: ${what}`;
  }
}

function emit(subscriber: Subscriber<string>, event: string, name: string): void {
  if (event === '|') subscriber.complete();
  else if (event === '#') subscriber.error(new Error(name));
  else subscriber.next(event);
}

function timeline(marbles: string): [frame: number, event: string][] {
  const events: [number, string][] = [];
  let frame = 0;
  let isGroup = false;
  for (const mark of marbles) {
    if (mark === '(') isGroup = true;
    else if (mark === ')') isGroup = false;
    else if (mark !== '-') events.push([frame, mark]);
    if (!isGroup) frame++;
  }
  return events;
}

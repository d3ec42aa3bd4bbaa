import { attemptFails, type Leaf, type Part } from './part.ts';

/** Neither a failure nor a skip is a value. */
export const failed = 'failed';
const skipped = 'skipped';

/** What a part may come to: values as JSON, `failed`, `skipped`. More than one where time decides. */
type Outcomes = ReadonlySet<string>;

/** Of more than these nobody keeps count. */
const most = 2_000;

/** What the one output of a workflow of a plan may come to; `undefined` where that is too much to tell. */
export function outcomesOfPlan(part: Part, goesOn: boolean): Outcomes | undefined {
  try {
    return new OutcomesOfPart(1, goesOn).ofWhole(part);
  } catch (error) {
    if (error instanceof TooManyError) return undefined;
    throw error;
  }
}

class TooManyError extends Error {}

/**
 * What the parts of one workflow may come to, worked out from the plan alone. Parts that meet again are taken for independent: more
 * may be expected than can happen, but never less.
 */
class OutcomesOfPart {
  readonly #outside: number;
  readonly #goesOn: boolean;
  readonly #made: Outcomes[] = [];

  constructor(outside: number, goesOn: boolean) {
    this.#outside = outside;
    this.#goesOn = goesOn;
  }

  /** Of the workflow that has the part as its output. */
  ofWhole(part: Part): Outcomes {
    const outcomes = needed(this.of(part));
    const mayFail = this.#goesOn && this.#made.some((each) => each.has(failed));
    return mayFail ? new Set([...outcomes, failed]) : outcomes;
  }

  of(part: Part): Outcomes {
    const outcomes = this.#work(part);
    if (outcomes.size > most) throw new TooManyError();
    this.#made.push(outcomes);
    return outcomes;
  }

  #work(part: Part): Outcomes {
    switch (part.kind) {
      case 'leaf':
        return new Set(this.#ofLeaf(part));
      case 'again':
        return this.#made[part.place % this.#made.length] ?? new Set([JSON.stringify('none before')]);
      case 'all':
        return together(part.parts.map((each) => this.of(each)));
      case 'gate':
        return mapped(this.of(part.part), (outcome) =>
          part.runs || !isValue(outcome) ? [outcome] : [skipped],
        );
      case 'optional':
        return mapped(this.of(part.part), (outcome) => [
          outcome === skipped || (outcome === failed && this.#goesOn) ? 'null' : outcome,
        ]);
      case 'choose':
        return part.parts.map((each) => this.of(each))[part.chosen] as Outcomes;
      case 'first-of':
        return raced(part.parts.map((each) => this.of(each)));
      case 'fallback': {
        const [first, other] = [this.of(part.part), this.of(part.other)];
        return mapped(first, (outcome) => (outcome === failed ? [...other] : [outcome]));
      }
      case 'for-each': {
        const child = retried(part.retries, (attempt) => this.#ofReturned(part.part, attempt));
        const result = part.settles
          ? mapped(child, (outcome) => [outcome === failed ? 'null' : outcome])
          : child;
        return together(Array.from({ length: part.count }, () => result));
      }
      case 'subflow': {
        const once = mapped(new OutcomesOfPart(this.#outside, part.goesOn).ofWhole(part.part), (outcome) => [
          isValue(outcome) ? JSON.stringify({ out: JSON.parse(outcome) as unknown }) : outcome,
        ]);
        return part.timeout === undefined ? once : new Set([...once, failed]);
      }
      case 'returned':
        return retried(part.retries, (attempt) => this.#ofReturned(part.part, attempt));
      case 'stream':
        return new Set([JSON.stringify(Array.from({ length: part.count + 1 }, (_, place) => place))]);
    }
  }

  #ofReturned(part: Part, attempt: number): Outcomes {
    return new OutcomesOfPart(attempt, this.#goesOn).ofWhole(part);
  }

  #ofLeaf(leaf: Leaf): string[] {
    const value = JSON.stringify('leaf');
    const succeeds = Array.from({ length: leaf.retries + 1 }, (_, at) => at + 1).some(
      (attempt) => !attemptFails(leaf, attempt, this.#outside),
    );
    if (!succeeds) return [failed];
    // Where the body doesn't end, whether there is another attempt is up to what it keeps.
    return leaf.hangs && leaf.ignoresStop && leaf.fails === 'first' ? [value, failed] : [value];
  }
}

/** Of a whole that is tried again where it fails. */
function retried(retries: number, once: (attempt: number) => Outcomes): Outcomes {
  const outcomes = new Set<string>();
  for (let attempt = 1; attempt <= retries + 1; attempt++) {
    const these = once(attempt);
    for (const outcome of these) if (outcome !== failed) outcomes.add(outcome);
    if (!these.has(failed)) return outcomes;
  }
  return outcomes.add(failed);
}

function isValue(outcome: string): boolean {
  return outcome !== failed && outcome !== skipped;
}

function mapped(outcomes: Outcomes, change: (outcome: string) => readonly string[]): Outcomes {
  return new Set([...outcomes].flatMap(change));
}

/** The output of a workflow of its own may not be missing. */
function needed(outcomes: Outcomes): Outcomes {
  return mapped(outcomes, (outcome) => [outcome === skipped ? failed : outcome]);
}

/** All of them are needed. Where one fails and another is skipped, what comes first decides. */
function together(parts: readonly Outcomes[]): Outcomes {
  let lists: readonly (readonly unknown[])[] = [[]];
  const bad = new Set<string>();
  for (const outcomes of parts) {
    for (const outcome of outcomes) if (!isValue(outcome)) bad.add(outcome);
    const values = [...outcomes].filter(isValue).map((outcome) => JSON.parse(outcome) as unknown);
    lists = lists.flatMap((list) => values.map((value) => [...list, value]));
    if (lists.length > most) throw new TooManyError();
  }
  return new Set([...bad, ...lists.map((list) => JSON.stringify(list))]);
}

/** Any that gives a value may be the first. */
function raced(parts: readonly Outcomes[]): Outcomes {
  const all = parts.flatMap((outcomes) => [...outcomes]);
  const isCertain = parts.some((outcomes) => [...outcomes].every(isValue));
  const values = all.filter(isValue);
  if (isCertain) return new Set(values);
  const none = [
    ...(all.includes(failed) ? [failed] : []),
    ...(parts.every((outcomes) => outcomes.has(skipped)) ? [skipped] : []),
  ];
  return new Set([...values, ...none]);
}

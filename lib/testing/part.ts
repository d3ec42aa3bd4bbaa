/** Whether the attempts of a leaf fail: none, the first, all; or all while that is the first attempt of what the leaf is part of. */
export type Failing = 'never' | 'first' | 'always' | 'first outside';

/** How a leaf gives its value. */
export type LeafForm = 'value' | 'observable' | 'promise' | 'iterable';

/** Where a fan-out has its items from. */
export type ItemsForm = 'list' | 'step' | 'iterable' | 'async' | 'observable';

/** How often a part is tried again, and after what time in ms, which doubles. */
export interface Trying {
  /** How often at the most. */
  readonly retries: number;
  /** The time before the second attempt. */
  readonly delay: number;
}

/** A step that waits, and gives a value or fails. */
export interface Leaf extends Trying {
  /** Tells it from other parts. */
  readonly kind: 'leaf';
  /** How long each attempt takes. */
  readonly ms: number;
  /** Which attempts fail. */
  readonly fails: Failing;
  /** Whether an attempt that fails does so by never ending, so that a timeout has to end it. */
  readonly hangs: boolean;
  /** Whether its body goes on when it is told to stop. */
  readonly ignoresStop: boolean;
  /** How it gives its value. A `value` takes no time. */
  readonly form: LeafForm;
  /** How much of `db` it takes. */
  readonly demand: number;
  /** Its priority. */
  readonly priority: number;
  /** Whether it has a clean-up. */
  readonly cleansUp: boolean;
}

/** A step that brings another one for each item. */
export interface FanOut extends Trying {
  /** Tells it from other parts. */
  readonly kind: 'for-each';
  /** What is made for each item. */
  readonly part: Part;
  /** How many items there are. */
  readonly count: number;
  /** How many children may be there at once. */
  readonly concurrency: number;
  /** Where the items are from. */
  readonly items: ItemsForm;
  /** Whether the failure of a child is a result. */
  readonly settles: boolean;
}

/** A nested workflow. */
export interface Nested extends Trying {
  /** Tells it from other parts. */
  readonly kind: 'subflow';
  /** What it gives. */
  readonly part: Part;
  /** Whether it goes on after failures. */
  readonly goesOn: boolean;
  /** How long an attempt may take. */
  readonly timeout: number | undefined;
}

/** A part of a composition: a plan that steps are made of, and that says what they must give. Times in ms. */
export type Part =
  | Leaf
  | FanOut
  | Nested
  | {
      /** The same step once more: one of those made before in the same workflow, counted round. */
      readonly kind: 'again';
      /** Which. */
      readonly place: number;
    }
  | {
      /** A step that needs all of them, or a race of them. */
      readonly kind: 'all' | 'first-of';
      /** What it needs. */
      readonly parts: readonly Part[];
    }
  | {
      /** A step with a `when`. */
      readonly kind: 'gate';
      /** What it passes on. */
      readonly part: Part;
      /** What its `when` says. */
      readonly runs: boolean;
    }
  | {
      /** A step that does without it. */
      readonly kind: 'optional';
      /** What may be missing. */
      readonly part: Part;
    }
  | {
      /** A choice. */
      readonly kind: 'choose';
      /** Its branches. */
      readonly parts: readonly Part[];
      /** Which is taken. */
      readonly chosen: number;
    }
  | {
      /** A fallback. */
      readonly kind: 'fallback';
      /** What is tried first. */
      readonly part: Part;
      /** What helps where that fails. */
      readonly other: Part;
    }
  | ({
      /** A function that returns the step. */
      readonly kind: 'returned';
      /** What it returns. */
      readonly part: Part;
    } & Trying)
  | {
      /** A step that reads what another emits. */
      readonly kind: 'stream';
      /** How many values, less one. */
      readonly count: number;
      /** The time before each of them. */
      readonly ms: number;
    };

/** How a leaf's attempt goes, by its number and that of what it is part of. */
export function attemptFails({ fails }: Leaf, attempt: number, outside: number): boolean {
  if (fails === 'first outside') return outside === 1;
  return fails === 'always' || (fails === 'first' && attempt === 1);
}

/** After what time a leaf that hangs is stopped: safely later than its end, were it to come. */
export function timeoutOf({ ms }: Leaf): number {
  return 2 * ms + 1;
}

/** Whether something in a part can happen. */
export function someLeaf(part: Part, isSo: (leaf: Leaf) => boolean): boolean {
  switch (part.kind) {
    case 'leaf':
      return isSo(part);
    case 'again':
    case 'stream':
      return false;
    case 'all':
    case 'first-of':
    case 'choose':
      return part.parts.some((each) => someLeaf(each, isSo));
    case 'fallback':
      return someLeaf(part.part, isSo) || someLeaf(part.other, isSo);
    default:
      return someLeaf(part.part, isSo);
  }
}

/** A part as text, for counterexamples. */
export function textOfPart(part: Part): string {
  switch (part.kind) {
    case 'leaf':
      return `${part.fails === 'never' ? 'leaf' : `fails ${part.fails}`}(${leafDetails(part).join(', ')})`;
    case 'again':
      return `again(${String(part.place)})`;
    case 'all':
    case 'first-of':
      return `${part.kind}(${part.parts.map(textOfPart).join(', ')})`;
    case 'choose':
      return `choose ${String(part.chosen)} of (${part.parts.map(textOfPart).join(', ')})`;
    case 'gate':
      return `when ${String(part.runs)}(${textOfPart(part.part)})`;
    case 'optional':
      return `optional(${textOfPart(part.part)})`;
    case 'fallback':
      return `fallback(${textOfPart(part.part)}, ${textOfPart(part.other)})`;
    case 'for-each': {
      const settles = part.settles ? ', settles' : '';
      return `for-each(${String(part.count)} × ${textOfPart(part.part)}, ${part.items}, concurrency ${String(part.concurrency)}${settles}${tryingText(part)})`;
    }
    case 'subflow': {
      const timeout = part.timeout === undefined ? '' : `, timeout ${String(part.timeout)} ms`;
      return `subflow(${textOfPart(part.part)}${part.goesOn ? ', goes on' : ''}${timeout}${tryingText(part)})`;
    }
    case 'returned':
      return `returned(${textOfPart(part.part)}${tryingText(part)})`;
    case 'stream':
      return `stream(${String(part.count + 1)} values, ${String(part.ms)} ms each)`;
  }
}

function leafDetails(leaf: Leaf): string[] {
  return [
    leaf.form === 'value' ? 'at once' : `${String(leaf.ms)} ms`,
    ...(leaf.form === 'promise' || leaf.form === 'iterable' ? [leaf.form] : []),
    ...(leaf.hangs && leaf.fails !== 'never' ? ['hangs'] : []),
    ...(leaf.ignoresStop ? ['ignores its stop'] : []),
    ...(leaf.demand === 0 ? [] : [`db ${String(leaf.demand)}`]),
    ...(leaf.priority === 0 ? [] : [`priority ${String(leaf.priority)}`]),
    ...(leaf.cleansUp ? ['clean-up'] : []),
    ...(leaf.retries === 0 ? [] : [tryingText(leaf).slice(2)]),
  ];
}

function tryingText({ retries, delay }: Trying): string {
  return retries === 0 ? '' : `, ${String(retries)} retries after ${String(delay)} ms`;
}

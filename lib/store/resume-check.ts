import type { Version } from '../definition/cache-option.ts';
import { digestOfValue } from './digest.ts';
import { describeGraph, differencesOf, type StepDescription } from './graph-description.ts';
import { type Head, type JournalRecord, journalFormat } from './journal-record.ts';
import type { JournalState } from './journal-state.ts';
import { inlineOutput, outputOfObject } from './outputs.ts';
import type { KeptTerms } from './read-resume.ts';
import { renewalOf } from './recall.ts';
import { ofSteps, type ResumeDifference, ResumeMismatchError } from './resume-mismatch-error.ts';
import type { RunIdentity } from './run-identity.ts';
import type { AncestorsOf } from './step-paths.ts';
import { StoreFormatError } from './store-errors.ts';
import type { StoreWork } from './store-work.ts';

/** What comes of it: why the run can't go on, or what of it has to be forgotten before it does. */
export type Checked = { readonly refused: unknown } | { readonly renewed: readonly JournalRecord[] };

/** Whether a run may go on with what an earlier process has written of it, and what of that still counts. */
export class ResumeCheck {
  readonly #work: StoreWork;
  readonly #terms: KeptTerms;
  readonly #identity: RunIdentity;
  readonly #state: JournalState;
  readonly #ancestorsOf: AncestorsOf;

  constructor(
    work: StoreWork,
    terms: KeptTerms,
    identity: RunIdentity,
    state: JournalState,
    ancestorsOf: AncestorsOf,
  ) {
    this.#work = work;
    this.#terms = terms;
    this.#identity = identity;
    this.#state = state;
    this.#ancestorsOf = ancestorsOf;
  }

  check(before: Head, checked: (checked: Checked) => void): void {
    const refused = this.#refusalOf(before);
    if (refused !== undefined) {
      checked({ refused });
      return;
    }
    const { blueprint } = this.#terms;
    const now = describeGraph(blueprint);
    const fail = (error: unknown): void => {
      checked({ refused: error });
    };
    if (before.graph === now.digest) {
      this.#decide(before, now.steps, checked, fail);
      return;
    }
    this.#work.ask(
      () => this.#work.backend.getObject('blob', before.graph),
      (bytes) => {
        this.#decide(before, bytes === undefined ? undefined : stepsIn(bytes), checked, fail);
      },
      fail,
    );
  }

  /** What no leniency helps against. */
  #refusalOf(before: Head): Error | undefined {
    const { blueprint, settings } = this.#terms;
    const { runId } = settings;
    if (before.format > journalFormat)
      return new StoreFormatError(this.#work.backend.name, `run '${runId}'`, before.format, journalFormat);
    const others = differencesOfInputs(before.inputs, this.#identity.inputs);
    if (before.workflow !== blueprint.name)
      others.unshift({ subject: 'workflow', what: `was '${before.workflow}' and is '${blueprint.name}'` });
    if (others.length === 0) return undefined;
    const remedy =
      'A runId stands for one workflow with its inputs: take another one, or give it what it was given before';
    return new ResumeMismatchError(runId, others, remedy);
  }

  /** @param steps - what they were; `undefined` where that isn't known any more */
  #decide(
    before: Head,
    steps: readonly StepDescription[] | undefined,
    checked: (checked: Checked) => void,
    fail: (error: unknown) => void,
  ): void {
    const { blueprint, version, settings, resume } = this.#terms;
    const now = describeGraph(blueprint).steps;
    const differences = steps === undefined || steps === now ? [] : differencesOf(steps, now);
    const told = ofSteps(differences);
    const isOtherVersion = before.workflowVersion !== version;
    if (isOtherVersion)
      told.unshift({
        subject: 'workflow',
        what: `had version ${shown(before.workflowVersion)} and has ${shown(version)}`,
      });
    if (steps === undefined)
      told.push({ subject: 'workflow', what: 'has changed, and what it was is no longer known' });
    if (told.length > 0 && !resume.isLenient) {
      const remedy =
        "With resume: 'compatible' what has changed, and what depends on it, is done again; with another runId everything is";
      checked({ refused: new ResumeMismatchError(settings.runId, told, remedy) });
      return;
    }
    const all =
      isOtherVersion || steps === undefined ? blueprint.graph.ids : differences.map(({ stepId }) => stepId);
    const changed = new Set([...all, ...resume.from]);
    this.#givenAnew(
      before,
      (given) => {
        const aroundGiven = new Set([...given].flatMap((path) => this.#ancestorsOf(path)));
        checked({ renewed: renewalOf(blueprint, { changed, given, aroundGiven }) });
      },
      fail,
    );
  }

  /** The steps whose output is given and isn't what it was, or was given and no longer is. */
  #givenAnew(
    before: Head,
    found: (changed: ReadonlySet<string>) => void,
    fail: (error: unknown) => void,
  ): void {
    const { given } = this.#identity;
    const paths = new Set([...Object.keys(before.given), ...Object.keys(given)]);
    const changed = new Set<string>();
    let open = 1;
    const oneDone = (): void => {
      if (--open === 0) found(changed);
    };
    for (const path of paths) {
      const compare = (was: string | null | undefined): void => {
        // What has no digest may be anything.
        if (typeof was !== 'string' || was !== given[path]) changed.add(path);
        oneDone();
      };
      open++;
      if (Object.hasOwn(before.given, path)) compare(before.given[path]);
      else this.#digestOfKept(path, compare, fail);
    }
    oneDone();
  }

  #digestOfKept(
    path: string,
    found: (digest: string | undefined) => void,
    fail: (error: unknown) => void,
  ): void {
    const output = this.#state.outputOf(path)?.output;
    const name = output?.o;
    if (output === undefined) found(undefined);
    else if (name === undefined) found(digestOfWhat(() => inlineOutput(output)));
    else
      this.#work.ask(
        () => this.#work.backend.getObject('blob', name),
        (bytes) => {
          found(bytes === undefined ? undefined : digestOfWhat(() => outputOfObject(name, bytes)));
        },
        fail,
      );
  }
}

/** `undefined` where it is damaged, or can't be told apart from others. */
function digestOfWhat(read: () => unknown): string | undefined {
  try {
    return digestOfValue(read());
  } catch {
    return undefined;
  }
}

function differencesOfInputs(before: Head['inputs'], now: Head['inputs']): ResumeDifference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .map((name) => ({ subject: `inputs.${name}`, what: 'is another value than before' }));
}

function stepsIn(bytes: Uint8Array): readonly StepDescription[] | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as readonly StepDescription[];
  } catch {
    return undefined;
  }
}

function shown(version: Version | undefined): string {
  return version === undefined ? 'none' : JSON.stringify(version);
}

import { Blueprint } from '../definition/blueprint.ts';
import { hosted } from '../definition/hosted.ts';
import type { LiveStream } from '../definition/live-stream.ts';
import type { StepContext } from '../definition/step-context.ts';
import type { StepBody, StepDefinition } from '../definition/step-definition.ts';
import { isStep } from '../definition/step-handle.ts';
import { withoutChoice } from '../definition/step-options.ts';
import { withoutBackpressure } from '../definition/without-backpressure.ts';
import { lasting } from './lasting.ts';
import type { TraceEntry } from './recording.ts';
import { type Part, perform } from './script.ts';
import type { VirtualTime } from './virtual-clock.ts';

/** Where a script is performed: calls of functions and clean-ups are noted, and those that are real are known while they run. */
export class Stage {
  readonly #time: VirtualTime;
  readonly #trace: TraceEntry[];
  /** The attempts whose own function runs, by step, and whether it has asked for virtual time. */
  readonly #real = new Map<string, { usesScheduler: boolean }>();

  /** @param trace - where calls are noted */
  constructor(time: VirtualTime, trace: TraceEntry[]) {
    this.#time = time;
    this.#trace = trace;
  }

  /** The steps whose own function runs. */
  get running(): string[] {
    return [...this.#real.keys()];
  }

  /** Whether a function runs that has not asked for virtual time. */
  get isWaitedFor(): boolean {
    return [...this.#real.values()].some(({ usesScheduler }) => !usesScheduler);
  }

  /** The function of a step has ended, or others do its work from here on. */
  ended(stepId: string): void {
    this.#real.delete(stepId);
  }

  /** The workflow with what is to be called instead of its functions. */
  staged(
    { name, graph, steps, sources, inputs, outputs, optionalOutputs, marks }: Blueprint,
    parts: ReadonlyMap<number, Part>,
  ): Blueprint {
    const staged = steps.map((definition, index): StepDefinition => {
      const { id, settings } = definition;
      const part = parts.get(index);
      const isReplaced = part?.isReplaced === true;
      const cleanup: typeof settings.cleanup =
        settings.cleanup &&
        ((output, outcome) => {
          this.#trace.push({ kind: 'cleanup', at: this.#time.now, stepId: id });
          return isReplaced ? undefined : settings.cleanup?.(output, outcome);
        });
      return {
        id,
        inputNames: definition.inputNames,
        settings: {
          ...settings,
          cleanup,
          isOffloaded: !isReplaced && settings.isOffloaded,
          ...(isReplaced ? withoutChoice(settings) : {}),
        },
        body: this.bodyOf(definition, part),
      };
    });
    const isGiven = (at: number): boolean => parts.get(sources.values[at] ?? -1)?.isReplaced === true;
    const quiet = withoutBackpressure(marks, isGiven);
    return new Blueprint(name, graph, staged, sources, inputs, outputs, optionalOutputs, quiet);
  }

  /** What is called instead of a step's function; `part` is what the script says of it. */
  bodyOf({ id, body }: StepDefinition, part: Part | undefined): StepBody {
    return (inputs, ctx) => {
      const { attempt } = ctx;
      this.#trace.push({ kind: 'call', at: this.#time.now, stepId: id, attempt });
      if (part !== undefined && (part.isReplaced || part.failure(attempt) !== undefined))
        return perform(part, attempt, this.#time.scheduler);
      // What comes from another step comes in that one's time.
      const own = { usesScheduler: Object.values(inputs).some(isStream) };
      this.#real.set(id, own);
      const returned = lasting(() => body(inputs, noticing(ctx, own)), {
        ms: part?.ms ?? 0,
        scheduler: this.#time.scheduler,
        token: ctx.token,
        onlyTime: () => {
          own.usesScheduler = true;
        },
      });
      if (!(returned instanceof Promise)) return this.#heeded(id, returned);
      return returned.then((settled: unknown) => this.#heeded(id, settled));
    };
  }

  /** Notes where it is steps that a body came to. */
  #heeded(stepId: string, returned: unknown): unknown {
    if (isHosted(returned)) this.#real.delete(stepId);
    return returned;
  }
}

function isStream(input: unknown): boolean {
  return typeof (input as Partial<LiveStream<unknown>> | null | undefined)?.toObservable === 'function';
}

function isHosted(returned: unknown): boolean {
  return isStep(returned) || (typeof returned === 'object' && returned !== null && hosted in returned);
}

/** A context that notices whether its scheduler is asked for. */
function noticing(ctx: StepContext, own: { usesScheduler: boolean }): StepContext {
  return new Proxy(ctx, {
    get(target, key) {
      if (key === 'scheduler') own.usesScheduler = true;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

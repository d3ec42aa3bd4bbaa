import type { CriticalStep } from '../observe/critical-steps.ts';
import { leastWaitMs, waitText } from '../observe/wait-reason.ts';
import { durationText } from './duration-text.ts';
import { textOf } from './error-text.ts';
import type { StepStory } from './step-story.ts';
import type { Timeline } from './timeline.ts';
import type { Improvement, Improvements } from './what-would-have-helped.ts';

/** What is said of a run: text, and steps that are named in it. */
export type Sentence = readonly (string | { readonly stepId: string })[];

/** What anybody asks of a run first: how it ended, what decided how long it took, what would have helped, and what it cost. */
export function answersOf(timeline: Timeline, improvements: Improvements | undefined): Sentence[] {
  const sentences = [
    ending(timeline),
    decision(timeline),
    ...help(timeline, improvements),
    busiest(timeline),
    retries(timeline),
    reused(timeline),
    ...skipped(timeline),
  ];
  return sentences.filter((sentence) => sentence.length > 0);
}

function ending(timeline: Timeline): Sentence {
  const { status, startedAt, endedAt, now, error } = timeline;
  if (status === 'idle') return ['It has not begun.'];
  if (status === 'waiting') return ['It waits to begin until other runs are over.'];
  const took = durationText((endedAt ?? now) - (startedAt ?? now));
  if (status === 'completed') return [`Completed in ${took}.`];
  if (status === 'cancelled')
    return [`Cancelled after ${took}${error === undefined ? '' : `: ${textOf(error)}`}.`];
  if (status !== 'failed') return [`Under way for ${took}.`];
  const failed = [...timeline.steps.values()].filter((story) => story.status === 'failed');
  const [first] = failed;
  if (first === undefined) return [`Failed after ${took}: ${textOf(error)}.`];
  const many = failed.length > 1 ? `, and ${String(failed.length - 1)} more` : '';
  const attempts = first.attempts > 1 ? ` at attempt ${String(first.attempts)}` : '';
  return [
    `Failed after ${took}: `,
    { stepId: first.info.id },
    ` failed${attempts}${many}: ${innermost(first)}.`,
  ];
}

/** What the failure itself says, without the ids that lead to it. */
function innermost({ error }: StepStory): string {
  let inner = error;
  // What is plain JSON by now has the same fields.
  for (let depth = 0; depth < 20; depth++) {
    const { code, cause } = Object(inner) as { readonly code?: unknown; readonly cause?: unknown };
    if (code !== 'STEP_FAILED' || cause === undefined) break;
    inner = cause;
  }
  return textOf(inner).replace(/\.$/, '');
}

function decision(timeline: Timeline): Sentence {
  const path = timeline.criticalSteps();
  const total = path.reduce((sum, { waitMs, durationMs }) => sum + waitMs + durationMs, 0);
  if (total <= 0) return [];
  const waits = waitsByReason(path);
  const waited = [...waits.values()].reduce((sum, ms) => sum + ms, 0);
  const longest = path.reduce((most, step) => (workOf(step) > workOf(most) ? step : most));
  const steps = path.length === 1 ? 'one step' : `${String(path.length)} steps in a row`;
  const work = `${durationText(total - waited)} of work (${percent(total - waited, total)})`;
  const parts = [...waits].sort(([, left], [, right]) => right - left);
  const why = parts.slice(0, 3).map(([reason, ms]) => `${durationText(ms)} for ${reason}`);
  const wait =
    waited < total / 100
      ? ''
      : `, and ${durationText(waited)} of waiting (${percent(waited, total)}): ${why.join(', ')}`;
  // Where next to nothing was worked, it is of no account whose work it was.
  const most: Sentence =
    workOf(longest) < total / 100
      ? []
      : [', most of it ', { stepId: longest.id }, ` with ${durationText(workOf(longest))}`];
  return [`That was decided by ${steps}: ${work}`, ...most, `${wait}.${rest(timeline, total)}`];
}

function workOf({ durationMs, retryMs = 0, workerMs = 0 }: CriticalStep): number {
  return durationMs - retryMs - workerMs;
}

/** What came after the last step that counts: bodies that had to stop, clean-ups. */
function rest({ startedAt, endedAt }: Timeline, total: number): string {
  const ms = (endedAt ?? NaN) - (startedAt ?? NaN) - total;
  return ms > total / 100 && ms >= 1 ? ` Then it took ${durationText(ms)} until all else had stopped.` : '';
}

/** What the steps of a path have waited for, in words, each with how long. */
export function waitsByReason(path: readonly CriticalStep[]): Map<string, number> {
  const waits = new Map<string, number>();
  const note = (reason: string, ms: number): void => {
    if (ms > 0) waits.set(reason, (waits.get(reason) ?? 0) + ms);
  };
  for (const { waitMs, waitedFor, retryMs = 0, workerMs = 0 } of path) {
    const untold = waitMs < leastWaitMs ? 'reasons of less than 1 ms each' : 'reasons that no event tells';
    note(waitedFor === undefined ? untold : waitText(waitedFor), waitMs);
    note('earlier attempts and back-offs', retryMs);
    note('a worker', workerMs);
  }
  return waits;
}

function help(timeline: Timeline, played: Improvements | undefined): Sentence[] {
  if (played === undefined || timeline.status !== 'completed') return [];
  const [most, ...others] = played.improvements;
  if (most === undefined)
    return [
      ['Neither more of one resource class nor one step of half the time would have made it much shorter.'],
    ];
  const rest = others
    .slice(0, 2)
    .map((each): Sentence => ['Or ', ...improvementText(each, played.simulatedMs), '.']);
  return [['What would have helped most: ', ...improvementText(most, played.simulatedMs), '.'], ...rest];
}

function improvementText({ kind, name, from, to, ms }: Improvement, before: number): Sentence {
  const gain = `: ${durationText(ms)} instead of ${durationText(before)}`;
  if (kind === 'limit')
    return [`${name} ${amountText(name, to)} instead of ${amountText(name, from)}${gain}`];
  return [{ stepId: name }, ` in ${durationText(to)} instead of ${durationText(from)}${gain}`];
}

function busiest(timeline: Timeline): Sentence {
  const [use] = timeline.uses();
  if (use === undefined || use.utilisation <= 0) return [];
  const { name, limit, peak, utilisation } = use;
  return [
    `Busiest class: ${name}, ${percent(utilisation, 1)} of ${amountText(name, limit)} on average, at most ${amountText(name, peak)} at once.`,
  ];
}

function retries({ costs }: Timeline): Sentence {
  const { attempts, lostMs, backOffMs } = costs.retries;
  if (attempts === 0) return [];
  const many = attempts === 1 ? '1 attempt was' : `${String(attempts)} attempts were`;
  return [
    `${many} made again: ${durationText(lostMs)} of work lost, ${durationText(backOffMs)} of back-off.`,
  ];
}

function reused({ costs }: Timeline): Sentence {
  const { origins } = costs;
  if (origins.size === 0) return [];
  const words = new Map([
    ['cached', 'came from the cache'],
    ['restored', 'from an earlier run of this id'],
  ]);
  const parts = [...origins].map(([origin, count]) => `${String(count)} ${words.get(origin) ?? origin}`);
  return [`Outputs that nothing had to run for: ${parts.join(', ')}.`];
}

/** More ids than these nobody reads. */
const mostNamed = 3;

function skipped(timeline: Timeline): Sentence[] {
  const byReason = new Map<string, StepStory[]>();
  for (const story of timeline.steps.values()) {
    if (story.skipped === undefined) continue;
    const why = whySkipped(story.info.id, story.skipped);
    const others = byReason.get(why);
    if (others === undefined) byReason.set(why, [story]);
    else others.push(story);
  }
  return [...byReason].slice(0, mostNamed).map(([why, stories]): Sentence => {
    const named = stories
      .slice(0, mostNamed)
      .flatMap(({ info }, place) => [...(place === 0 ? [] : [', ']), { stepId: info.id }]);
    const more = stories.length > mostNamed ? ` and ${String(stories.length - mostNamed)} more` : '';
    return ['Skipped, since ', `${why}: `, ...named, `${more}.`];
  });
}

/** Why a step was skipped, in words. */
export function whySkipped(id: string, { reason, because }: NonNullable<StepStory['skipped']>): string {
  if (reason === 'failed') return `${because} failed`;
  if (reason === 'when')
    return because === id ? 'its condition said no' : `the condition of ${because} said no`;
  return reason === 'branch' ? `${because} took another branch` : 'not needed';
}

function percent(part: number, whole: number): string {
  return `${String(Math.round((100 * part) / whole))} %`;
}

/** An amount of a resource class for people. */
export function amountText(className: string, amount: number): string {
  if (className !== 'memory' || amount === Infinity)
    return amount === Infinity ? '∞' : String(Math.round(amount * 100) / 100);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${String(Math.round(value * 10) / 10)} ${units[unit] ?? ''}`;
}

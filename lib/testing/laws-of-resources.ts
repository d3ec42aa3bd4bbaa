import { ownOf } from '../base/record.ts';
import { law } from './law.ts';
import { storyOf } from './recording.ts';
import { ResourcesOverTime } from './resources-over-time.ts';

// Who holds what, and who has to wait for it.

/** No start takes of a resource class more than its limit. */
export const limitsNeverExceeded = law('limits never exceeded', (recording) => {
  const resources = new ResourcesOverTime(recording);
  const broken: string[] = [];
  for (const entry of recording.trace) {
    resources.heed(entry);
    if (entry.kind !== 'event' || entry.event.type !== 'step-started') continue;
    const { stepId, at, holds } = entry.event;
    for (const [name, amount] of Object.entries(holds)) {
      const taken = resources.taken.get(name) ?? 0;
      const limit = ownOf(resources.limits, name) ?? Infinity;
      if (taken <= limit * (1 + 1e-9)) continue;
      broken.push(
        `'${stepId}' started at ${String(at)} ms and took ${String(amount)} of '${name}', of which ${resources.holders.join(', ')} held ${String(taken)} of ${String(limit)} then`,
      );
    }
  }
  return broken;
});

/** Whenever all is quiet, what is taken is what the events say is held: nothing leaks, and nothing is given back early. */
export const heldIsRunning = law('held = running', (recording) => {
  const resources = new ResourcesOverTime(recording);
  for (const entry of recording.trace) {
    resources.heed(entry);
    if (entry.kind !== 'quiet') continue;
    for (const [name, taken] of Object.entries(entry.taken)) {
      const held = resources.taken.get(name) ?? 0;
      if (Math.abs(taken - held) <= 1e-9 * Math.max(1, held)) continue;
      const holders = resources.holders.join(', ') || 'nobody';
      return [
        `at ${String(entry.at)} ms ${String(taken)} of '${name}' are taken, but ${String(held)} are held, by ${holders}`,
      ];
    }
  }
  return [];
});

/** Whenever all is quiet, no ready step waits that fits and takes nothing that another one waits for. */
export const workConserving = law('work-conserving', (recording) => {
  if (recording.isHeldBack) return [];
  const resources = new ResourcesOverTime(recording);
  for (const entry of recording.trace) {
    resources.heed(entry);
    if (resources.isStopping) break;
    if (entry.kind !== 'quiet' || resources.paused.size > 0) continue;
    const lacked = resources.lackedAt(entry.at);
    const idle = [...resources.ready].find(
      (id) =>
        resources.lackedBy(id).length === 0 &&
        Object.keys(resources.demandOf(id)).every((name) => !lacked.has(name)),
    );
    if (idle !== undefined)
      return [
        `'${idle}' is ready and fits, but had not started by ${String(entry.at)} ms (${storyOf(recording, idle)})`,
      ];
  }
  return [];
});

/** No step that waits is overtaken more often than `maxOvertakes` by steps that take what it lacks. */
export const boundedOvertaking = law('bounded overtaking', (recording) => {
  const resources = new ResourcesOverTime(recording);
  const overtaken = new Map<string, number>();
  const broken: string[] = [];
  for (const entry of recording.trace) {
    if (recording.isHeldBack) break;
    if (entry.kind === 'event' && entry.event.type === 'step-started') {
      const { stepId } = entry.event;
      const demand = resources.demandOf(stepId);
      const isBarrier = (overtaken.get(stepId) ?? 0) >= recording.maxOvertakes;
      for (const other of resources.ready) {
        if (other === stepId || isBarrier || !resources.lackedBy(other).some((name) => name in demand))
          continue;
        const times = (overtaken.get(other) ?? 0) + 1;
        overtaken.set(other, times);
        if (times > recording.maxOvertakes)
          broken.push(
            `'${other}' was overtaken ${String(times)} times, now by '${stepId}' (${storyOf(recording, other)})`,
          );
      }
      overtaken.delete(stepId);
    }
    resources.heed(entry);
  }
  return broken;
});

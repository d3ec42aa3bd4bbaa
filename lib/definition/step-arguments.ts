import { nameFault } from '../base/name.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import { OptionalHandle, StreamHandle } from './edge-handle.ts';
import type { Dependencies, Handle } from './handle.ts';
import { isInput } from './input-handle.ts';
import { StepHandle } from './step-handle.ts';

/** Whether a step may depend on it. */
export function isHandle(value: unknown): value is Handle {
  return (
    value instanceof StepHandle ||
    value instanceof OptionalHandle ||
    value instanceof StreamHandle ||
    isInput(value)
  );
}

/** Says what is wrong with a step's id, dependencies or function. */
export function checkShape(
  checker: OptionChecker,
  id: unknown,
  deps: Dependencies,
  run: unknown,
  readsStreams = true,
): void {
  const idExpected = nameFault(id);
  if (idExpected !== undefined) checker.fail('id', idExpected, id);
  if (typeof run !== 'function') checker.fail('the function', 'a function', run);
  const expected = 'a handle made by step() or input() of this copy of millrace';
  if (!isRecord(deps)) {
    checker.fail('the dependencies', 'a record of handles, as in { table }', deps);
    return;
  }
  for (const [name, handle] of Object.entries(deps)) {
    if (!isHandle(handle)) checker.fail(`the dependency '${name}'`, expected, handle);
    else if (!readsStreams && handle instanceof StreamHandle)
      checker.fail(
        `the dependency '${name}'`,
        'no stream, since only the function of a step can read one',
        handle.step.id,
      );
  }
}

export function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whose options they are, for messages. */
export function ownerOf(id: unknown, maker = 'step'): string {
  return typeof id === 'string' ? `${maker}('${id}')` : maker;
}

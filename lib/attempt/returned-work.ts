import { InvalidOptionsError } from '../base/errors.ts';
import { isInterop, isObservable } from '../base/interop-observable.ts';
import { OptionalHandle, StreamHandle } from '../definition/edge-handle.ts';
import { hosted } from '../definition/hosted.ts';
import { isHandle } from '../definition/step-arguments.ts';
import { isStep } from '../definition/step-handle.ts';

/** What a function may return, apart from a value. */
export type ReturnedKind = 'plain' | 'promise' | 'thenable' | 'observable' | 'interop' | 'iterable' | 'steps';

/** Whether what a function returned is sure to be its output, rather than something that leads to it. */
export function isPlain(returned: unknown): boolean {
  return (
    (typeof returned !== 'object' && typeof returned !== 'function') ||
    returned === null ||
    (Array.isArray(returned) && !isHandle(returned[0]))
  );
}

/** @throws InvalidOptionsError where it is a handle, or a list of these, that stands for no work */
export function kindOf(returned: unknown): ReturnedKind {
  if (returned instanceof Promise) return 'promise';
  if (isPlain(returned)) return 'plain';
  const value = returned as Partial<PromiseLike<unknown> & AsyncIterable<unknown>>;
  if (typeof value.then === 'function') return 'thenable';
  if (isObservable(value)) return 'observable';
  if (isInterop(value)) return 'interop';
  if (typeof value[Symbol.asyncIterator] === 'function') return 'iterable';
  if (hosted in value || isStep(value)) return 'steps';
  refuseHandle(value);
  return 'plain';
}

/** @throws InvalidOptionsError where a value that is to be an output is a handle, or a list of these */
export function refuseHandle(value: unknown): void {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (!isHandle(first)) return;
  throw new InvalidOptionsError("a step's function", [
    { option: 'what it returns', expected: remedyFor(value), value },
  ]);
}

function remedyFor(value: unknown): string {
  if (Array.isArray(value))
    return 'a value, a stream or work: instead of a list of steps, a workflow that has them as outputs';
  if (value instanceof OptionalHandle)
    return 'a value, a stream or work: the step itself, since nobody is there to do without it';
  if (value instanceof StreamHandle)
    return 'a value, a stream or work: the step itself, or what it would emit';
  if (isStep(value)) return 'a value: a stream whose last value is a step runs nothing; return the step';
  return "a value, a stream or work: an input's value comes among the step's inputs";
}

import { StepFailedError, step } from 'millrace';
import { expect } from 'vitest';

/** So many numbers, and how many of them were asked for. */
export function counting(id: string, count: number) {
  const asked = { count: 0, isReturned: false };
  const numbers = step(id, async function* () {
    try {
      for (let number = 0; number < count; number++) {
        asked.count++;
        yield number;
      }
    } finally {
      asked.isReturned = true;
    }
  });
  return { asked, numbers };
}

export async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** The cause of what a run fails with. */
export async function causeOf(result: Promise<unknown>): Promise<unknown> {
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StepFailedError);
  return (error as StepFailedError).cause;
}

export async function* counted(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number;
}

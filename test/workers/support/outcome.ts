import type { Observable } from 'rxjs';

/** Everything that an Observable emits before it completes; rejects where it errors. */
export function outputsOf<Value>(source: Observable<Value>): Promise<Value[]> {
  return new Promise((resolve, reject) => {
    const values: Value[] = [];
    source.subscribe({
      next: (value) => values.push(value),
      error: reject,
      complete: () => {
        resolve(values);
      },
    });
  });
}

/** The one value of an Observable that has exactly one. */
export async function outputOf<Value>(source: Observable<Value>): Promise<Value> {
  const values = await outputsOf(source);
  if (values.length !== 1) throw new Error(`expected one value, got ${String(values.length)}`);
  return values[0] as Value;
}

/** The error that an Observable ends with; fails where it ends with none. */
export async function errorOf(source: Observable<unknown>): Promise<unknown> {
  let values: unknown[];
  try {
    values = await outputsOf(source);
  } catch (error) {
    return error;
  }
  throw new Error(`expected an error, got ${String(values.length)} values`);
}

/** The same, as the class that it should be. */
export async function errorAs<E>(
  type: abstract new (...args: never[]) => E,
  source: Observable<unknown>,
): Promise<E> {
  const error = await errorOf(source);
  if (error instanceof type) return error;
  throw new Error(`expected ${type.name}, got ${String(error)}`, { cause: error });
}

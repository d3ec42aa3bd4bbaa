/** A run of numbers for each step, all in one array: those of step `i` lie from `starts[i]` to `starts[i + 1]`. */
export interface Rows {
  readonly starts: Uint32Array;
  readonly values: Uint32Array;
}

/** A graph without cycles, its steps by number: who needs each, and an order in which each comes after all that it needs. */
export interface OrderedRows {
  readonly dependents: Rows;
  readonly order: Uint32Array;
}

/** The same pairs the other way round, by counting: linear, no comparison. */
export function reverseRows({ starts, values }: Rows): Rows {
  const size = starts.length - 1;
  const reversedStarts = new Uint32Array(size + 1);
  for (const value of values) reversedStarts[value + 1] = (reversedStarts[value + 1] as number) + 1;
  for (let index = 0; index < size; index++) {
    reversedStarts[index + 1] = (reversedStarts[index + 1] as number) + (reversedStarts[index] as number);
  }
  const next = reversedStarts.slice();
  const reversedValues = new Uint32Array(values.length);
  for (let index = 0; index < size; index++) {
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) {
      const value = values[at] as number;
      const slot = next[value] as number;
      reversedValues[slot] = index;
      next[value] = slot + 1;
    }
  }
  return { starts: reversedStarts, values: reversedValues };
}

/** How many files are looked at together: more than one, as each is waited for, and not all, as each takes a handle. */
const groupSize = 32;

/** Does the same with each of many things, some at a time; gives what came of it, in order. */
export async function inGroups<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  for (let start = 0; start < items.length; start += groupSize)
    for (const value of await Promise.all(items.slice(start, start + groupSize).map(work)))
      values.push(value);
  return values;
}

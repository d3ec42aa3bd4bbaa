/** Something that waits for others of its kind. */
interface Needy<Item> {
  readonly needs: readonly Item[];
}

/** Dependencies before those that need them. What isn't in the list is as good as over. */
export function inOrder<Item extends Needy<Item>>(rows: readonly Item[]): Item[] {
  const open = new Map<Item, number>();
  for (const row of rows) open.set(row, 0);
  const dependents = new Map<Item, Item[]>();
  for (const row of rows) {
    let count = 0;
    for (const needed of row.needs) {
      if (!open.has(needed)) continue;
      count++;
      const others = dependents.get(needed);
      if (others === undefined) dependents.set(needed, [row]);
      else others.push(row);
    }
    open.set(row, count);
  }
  const order = rows.filter((row) => open.get(row) === 0);
  for (let place = 0; place < order.length; place++) {
    for (const next of dependents.get(order[place] as Item) ?? []) {
      const left = (open.get(next) as number) - 1;
      open.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return order;
}

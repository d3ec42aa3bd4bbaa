import type { Sale } from './database.ts';

/** What sells best, the best first: work for a processor, as far as an example goes. */
export function rank(sales: readonly Sale[]): readonly Sale[] {
  const totals = new Map<string, number>();
  for (const { product, amount } of sales) totals.set(product, (totals.get(product) ?? 0) + amount);
  return [...totals]
    .map(([product, amount]) => ({ product, amount }))
    .sort((left, right) => right.amount - left.amount);
}

import { type Beat, parseOwner } from './owner.ts';
import { lineOf, sqlName, type Transaction } from './sqlite-database.ts';
import type { SqlValue } from './sqlite-module.ts';
import type { Signs } from './vigil.ts';

export type Row = Readonly<Record<string, SqlValue>>;

/** The row of a run, its lease in it. */
export function rowOf(transaction: Transaction, runId: string): Row | undefined {
  return transaction.get('select * from runs where run = ?', sqlName(runId));
}

/** What a run has of either, in order. */
export function linesOf(transaction: Transaction, table: 'lines' | 'events', run: number): string[] {
  return transaction
    .all(`select line from ${table} where run = ? order by id`, run)
    .map(({ line }) => lineOf(line));
}

/** What the lease of a run says; `undefined` where nobody holds it. */
export function signsOf({
  nonce,
  owner,
  beats,
  beat_machine_ms: machineMs,
  beat_wall_ms: wallMs,
}: Row): Signs | undefined {
  if (nonce === null || nonce === undefined) return undefined;
  const beat: Beat = { count: Number(beats), machineMs: Number(machineMs), wallMs: Number(wallMs) };
  return { text: `${String(nonce)} ${String(beats)}`, owner: parseOwner(String(owner)), beat };
}

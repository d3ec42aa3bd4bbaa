import type { ObjectKind, StoredObject } from './backend.ts';
import type { Machine } from './owner.ts';
import { nameOf, type StoreDatabase, sqlName } from './sqlite-database.ts';

/** That an object was used is noted at most this often, in ms: nobody asks more exactly, and each note is a write. */
const notedEveryMs = 3_600_000;

/** Objects as rows. */
export class SqliteObjects {
  readonly #database: StoreDatabase;
  readonly #machine: Machine;

  constructor(database: StoreDatabase, machine: Machine) {
    this.#database = database;
    this.#machine = machine;
  }

  async get(kind: ObjectKind, name: string, isUse: boolean): Promise<Uint8Array | undefined> {
    if (!this.#database.isThere) return undefined;
    const found = await this.#database.look((transaction) =>
      transaction.get('select bytes, used_at from objects where kind = ? and name = ?', kind, sqlName(name)),
    );
    if (found === undefined) return undefined;
    const now = Math.trunc(this.#machine.wallMs());
    if (isUse && now - Number(found['used_at']) > notedEveryMs)
      // That it can't be noted is no reason not to give it.
      await this.#database
        .note((transaction) =>
          transaction.run(
            'update objects set used_at = ? where kind = ? and name = ?',
            now,
            kind,
            sqlName(name),
          ),
        )
        .catch(() => undefined);
    return (found['bytes'] as Uint8Array | null) ?? new Uint8Array(0);
  }

  async put(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    await this.#database.change((transaction) =>
      transaction.run(
        `insert into objects (kind, name, size, used_at, bytes) values (?, ?, ?, ?, ?)
           on conflict do update set size = excluded.size, used_at = excluded.used_at, bytes = excluded.bytes`,
        kind,
        sqlName(name),
        bytes.length,
        Math.trunc(this.#machine.wallMs()),
        bytes,
      ),
    );
  }

  async list(kind: ObjectKind): Promise<readonly StoredObject[]> {
    if (!this.#database.isThere) return [];
    return this.#database.look((transaction) =>
      transaction
        .all('select name, size, used_at from objects where kind = ?', kind)
        .map(({ name, size, used_at: usedAt }) => ({
          name: nameOf(name),
          size: Number(size),
          usedAt: Number(usedAt),
        })),
    );
  }

  async remove(kind: ObjectKind, name: string): Promise<void> {
    if (!this.#database.isThere) return;
    await this.#database.change((transaction) =>
      transaction.run('delete from objects where kind = ? and name = ?', kind, sqlName(name)),
    );
  }
}

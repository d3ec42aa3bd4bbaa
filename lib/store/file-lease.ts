/**
 * The lease of a run: a file that says who holds it, and has a sign of life written into it now and then.
 *
 * 1. It is made where there was none of its epoch, which only one can do, and epochs never come again: there is always a file that tells
 *    of the last one. So of several who try at once one wins.
 * 2. Who takes over removes the lease of the one before, *then* reads what it wrote. Who appends looks for its own lease once what it
 *    wrote is sure to stay: if it is there, whoever comes later will read it.
 * 3. One that has just been made is of no worth until it was looked at again: somebody who was stopped for long may have made it for a run
 *    that has moved on.
 */
import { randomUUID } from 'node:crypto';
import type { RunWatcher } from './backend.ts';
import { codeOf, writeAll, writeNew } from './file-io.ts';
import { type Beat, type Owner, parseOwner, wordsOf } from './owner.ts';
import type { RunFile, RunFolder } from './run-folder.ts';
import { RunHeldError } from './store-errors.ts';
import { type LeaseTerms, type Signs, seemsLive, Vigil } from './vigil.ts';

/** A lease that this process holds. */
export class FileLease {
  readonly epoch: number;
  readonly owner: Owner;
  readonly #folder: RunFolder;
  readonly #terms: LeaseTerms;
  readonly #file: RunFile;
  #beats = 0;
  #isWanted = false;
  #stop: (() => void) | undefined;
  #beating: Promise<void> | undefined;
  #displacedBy: string | undefined;
  #watcher: RunWatcher | undefined;

  private constructor(folder: RunFolder, epoch: number, terms: LeaseTerms) {
    const { machine } = terms;
    this.epoch = epoch;
    this.owner = { ...machine.self, nonce: randomUUID(), since: machine.wallMs() };
    this.#folder = folder;
    this.#terms = terms;
    this.#file = folder.file('lease', epoch);
    machine.held.add(this.owner.nonce);
  }

  /**
   * Takes the lease of a run whose folder is there. Waits as long as it takes to find out whether the one before lives.
   *
   * @throws RunHeldError where it does
   */
  static async take(folder: RunFolder, terms: LeaseTerms): Promise<FileLease> {
    const vigil = new Vigil(terms);
    for (;;) {
      const before = await folder.files();
      const leases = before.filter(({ kind }) => kind === 'lease');
      if (!(await areDead(folder, leases, vigil))) {
        await terms.machine.pause(terms.heartbeatMs / 4);
        continue;
      }
      const lease = await FileLease.#make(folder, lastEpoch(before), leases, terms);
      if (lease !== undefined) return lease;
    }
  }

  /** `undefined` where somebody was faster. */
  static async #make(
    folder: RunFolder,
    last: number,
    leases: readonly RunFile[],
    terms: LeaseTerms,
  ): Promise<FileLease | undefined> {
    const { io } = folder.store;
    const lease = new FileLease(folder, last + 1, terms);
    try {
      await writeNew(io, lease.#file.path, lease.#text());
      const after = (await folder.files()).filter(({ path }) => path !== lease.#file.path);
      const isAsBefore =
        lastEpoch(after) === last &&
        after.every(({ kind, path }) => kind !== 'lease' || leases.some((other) => other.path === path));
      if (isAsBefore && (await lease.isHeld())) {
        lease.#begin();
        for (const { path } of leases) await io.remove(path);
        return lease;
      }
      await lease.release();
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EEXIST' || code === 'ENOENT') {
        lease.#end();
        // The run may have been removed.
        if (code === 'ENOENT') await folder.store.makeFoldersAgain(folder.path);
        return undefined;
      }
      await lease.release().catch(() => undefined);
      throw error;
    }
    return undefined;
  }

  /** Who has taken the run; `undefined` as long as nobody is known to have. */
  get displacedBy(): string | undefined {
    return this.#displacedBy;
  }

  /** Tells of what happens from here on. */
  watch(watcher: RunWatcher): void {
    this.#watcher = watcher;
    if (this.#displacedBy !== undefined) watcher.displaced(this.#displacedBy);
  }

  /** Whether the run is still this owner's. */
  async isHeld(): Promise<boolean> {
    if (this.#displacedBy !== undefined) return false;
    const { owner } = (await readLease(this.#folder, this.#file)) ?? {};
    if (owner?.nonce === this.owner.nonce) return true;
    await this.#displaced();
    return false;
  }

  /** Lets go. */
  async release(): Promise<void> {
    this.#end();
    await this.#beating;
    const { owner } = (await readLease(this.#folder, this.#file)) ?? {};
    if (owner?.nonce === this.owner.nonce) await this.#folder.store.io.remove(this.#file.path);
  }

  #begin(): void {
    this.#stop = this.#terms.machine.every(this.#terms.heartbeatMs, () => {
      // One that takes long isn't overtaken. What fails is tried again next time.
      this.#beating ??= this.#beat()
        .catch(() => undefined)
        .finally(() => {
          this.#beating = undefined;
        });
    });
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#terms.machine.held.delete(this.owner.nonce);
  }

  async #beat(): Promise<void> {
    if (!(await this.isHeld())) return;
    this.#beats++;
    const file = await this.#folder.store.io.open(this.#file.path, 'old');
    try {
      const identity = ownerLine(this.owner);
      await writeAll(file, beatLine(this.#now()), identity.length);
    } finally {
      await file.close();
    }
    await this.#readRequest();
  }

  async #readRequest(): Promise<void> {
    const { io } = this.#folder.store;
    const { path } = this.#folder.file('cancel', this.epoch);
    const bytes = await io.read(path);
    if (bytes === undefined) return;
    await io.remove(path);
    if (this.#isWanted || this.#stop === undefined) return;
    this.#isWanted = true;
    this.#watcher?.cancelRequested(new TextDecoder().decode(bytes));
  }

  async #displaced(): Promise<void> {
    const by = (await holderOf(this.#folder, this.#terms)) ?? 'another process, which has ended since';
    if (this.#displacedBy !== undefined) return;
    this.#displacedBy = by;
    this.#end();
    this.#watcher?.displaced(by);
  }

  #text(): Uint8Array {
    return Buffer.concat([ownerLine(this.owner), beatLine(this.#now())]);
  }

  #now(): Beat {
    const { machine } = this.#terms;
    return { count: this.#beats, machineMs: machine.machineMs(), wallMs: machine.wallMs() };
  }
}

/** Who holds a run, in words; `undefined` where nobody does that may live. */
export async function holderOf(folder: RunFolder, terms: LeaseTerms): Promise<string | undefined> {
  return (await liveLease(folder, terms))?.words;
}

/** The lease of whoever holds a run, as far as can be known at once. */
export async function liveLease(
  folder: RunFolder,
  terms: LeaseTerms,
): Promise<{ readonly epoch: number; readonly words: string } | undefined> {
  for (const file of (await folder.files()).toReversed()) {
    if (file.kind !== 'lease') continue;
    const { owner, beat } = (await readLease(folder, file)) ?? {};
    if (owner !== undefined && seemsLive(owner, beat, terms))
      return { epoch: file.epoch, words: wordsOf(owner, terms.machine.self) };
  }
  return undefined;
}

/** Whether all leases are of owners that are dead; false where that isn't known yet. */
async function areDead(folder: RunFolder, leases: readonly RunFile[], vigil: Vigil): Promise<boolean> {
  let isKnown = true;
  for (const file of leases) {
    const lease = await readLease(folder, file);
    if (lease === undefined) continue;
    const verdict = vigil.verdictOn(file.path, lease);
    if (verdict === 'live')
      throw new RunHeldError(folder.store.name, folder.runId, vigil.wordsOf(lease.owner as Owner));
    if (verdict === 'unknown') isKnown = false;
  }
  return isKnown;
}

function lastEpoch(files: readonly RunFile[]): number {
  return files.at(-1)?.epoch ?? 0;
}

async function readLease(folder: RunFolder, file: RunFile): Promise<Signs | undefined> {
  const bytes = await folder.store.io.peek(file.path);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  const [identity = '', signs = ''] = text.split('\n');
  return { text, owner: parseOwner(identity), beat: parseBeat(signs) };
}

function ownerLine(owner: Owner): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
}

/** As long as every other, so that it can be written over the one before. */
function beatLine({ count, machineMs: machine, wallMs }: Beat): Uint8Array {
  const numbers = [count, machine, wallMs].map((number) => String(Math.trunc(number)).padStart(15, '0'));
  return new TextEncoder().encode(`${numbers.join(' ')}\n`);
}

function parseBeat(text: string): Beat | undefined {
  const [, count, machine, wall] = /^(\d{15}) (\d{15}) (\d{15})$/.exec(text) ?? [];
  return wall === undefined
    ? undefined
    : { count: Number(count), machineMs: Number(machine), wallMs: Number(wall) };
}

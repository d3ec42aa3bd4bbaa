import type { Part } from 'millrace/testing';

/** Whether a step that may fail is needed both within a branch that may not be taken and outside of it. */
export function sharesBetweenBranches(plan: Part): boolean {
  return new Block().shares(plan, '');
}

class Block {
  /** Within which branches each of the parts is, and whether it may fail. */
  readonly #made: { readonly branch: string; readonly fails: boolean }[] = [];
  #branches = 0;

  shares(part: Part, branch: string): boolean {
    const { found, fails } = this.#within(part, branch);
    this.#made.push({ branch, fails });
    return found;
  }

  #within(part: Part, branch: string): { readonly found: boolean; readonly fails: boolean } {
    switch (part.kind) {
      case 'leaf':
        return { found: false, fails: part.fails !== 'never' };
      case 'stream':
        return { found: false, fails: false };
      case 'again': {
        const target = this.#made[part.place % this.#made.length];
        const fails = target?.fails ?? false;
        return { found: fails && target?.branch !== branch, fails };
      }
      case 'all':
      case 'first-of':
        return this.#several(part.parts.map((each) => [each, branch]));
      case 'choose':
        return this.#several(part.parts.map((each) => [each, this.#branchOf(branch)]));
      case 'fallback':
        return this.#several([
          [part.part, branch],
          [part.other, this.#branchOf(branch)],
        ]);
      case 'gate':
      case 'optional':
        return this.#several([[part.part, branch]]);
      default:
        return { found: new Block().shares(part.part, ''), fails: true };
    }
  }

  #several(parts: readonly (readonly [Part, string])[]) {
    const first = this.#made.length;
    const found = parts.map(([part, branch]) => this.shares(part, branch)).includes(true);
    return { found, fails: this.#made.slice(first).some(({ fails }) => fails) };
  }

  #branchOf(branch: string): string {
    return `${branch}/${String(++this.#branches)}`;
  }
}

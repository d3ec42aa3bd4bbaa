/** How many lines of a step are kept, and of how many steps. */
const mostLines = 2;
const mostSteps = 1_000;

/** What steps have said last, in case that they fail. Bounded: who has been silent longest is forgotten first. */
export class StepVoices {
  readonly #lines = new Map<string, string[]>();

  add(stepId: string, line: string): void {
    const lines = this.#lines.get(stepId) ?? [];
    lines.push(line);
    if (lines.length > mostLines) lines.shift();
    this.#lines.delete(stepId);
    this.#lines.set(stepId, lines);
    if (this.#lines.size <= mostSteps) return;
    const [oldest = ''] = this.#lines.keys();
    this.#lines.delete(oldest);
  }

  of(stepId: string): readonly string[] {
    return this.#lines.get(stepId) ?? [];
  }

  forget(stepId: string): void {
    this.#lines.delete(stepId);
  }
}

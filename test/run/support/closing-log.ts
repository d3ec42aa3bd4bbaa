import { type Step, type StepOptions, step, type Workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { settlePromises } from './settle-promises.ts';
import { play, type Watched } from './watch.ts';

export class ClosingLog {
  readonly lines: string[] = [];
  readonly time = new VirtualTime();

  note(what: string): void {
    this.lines.push(`${String(this.time.now)} ${what}`);
  }

  /** A step that opens something at once, which is then noted as it is released. */
  opens(id: string, more: StepOptions<string> = {}): Step<string, never> {
    return step(id, () => id, {
      release: (output) => {
        this.note(`release ${output}`);
      },
      ...more,
    });
  }

  cleanup(id: string): { cleanup: () => void } {
    return {
      cleanup: () => {
        this.note(`cleanup ${id}`);
      },
    };
  }

  play<Outputs>(work: Workflow<Outputs, never>, options = {}): Watched<Outputs> {
    return play(work, options, this.time);
  }
}

/** Lets all promises settle that are about to. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await settlePromises();
};

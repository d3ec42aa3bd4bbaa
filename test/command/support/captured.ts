import type { Terminal } from '../../../lib/command/terminal.ts';

/** A terminal that remembers what was written, each stream by itself and both together. */
export function captured(): {
  readonly terminal: Terminal;
  readonly texts: { out: string; err: string; all: string };
} {
  const texts = { out: '', err: '', all: '' };
  const stream = (name: 'out' | 'err'): Terminal['out'] => ({
    write(text, done) {
      texts[name] += text;
      texts.all += text;
      done?.();
    },
  });
  return { terminal: { out: stream('out'), err: stream('err') }, texts };
}

import { styleText } from 'node:util';
import { fractionDone, type RunView } from './run-view.ts';

/** How a frame is drawn. */
export interface FrameOptions {
  readonly title: string;
  readonly elapsedMs: number;
  readonly colour: boolean;
}

const barWidth = 30;
const stepBarWidth = 12;
const listed = 8;

/** The live view of a run: a bar for the whole, and a line for each step that runs. */
export function frame(view: RunView, { title, elapsedMs, colour }: FrameOptions): string {
  const paint = painter(colour);
  const count = `${String(view.completed)}/${String(view.steps)} steps`;
  const head = `${title}  ${paint('cyan', bar(fractionDone(view), barWidth))}  ${count}  ${seconds(elapsedMs)}`;
  const running = [...view.running].slice(0, listed);
  const width = Math.max(0, ...running.map(([id]) => id.length));
  const lines = running.map(([id, fraction]) => {
    const percent = `${String(Math.round(fraction * 100)).padStart(3)} %`;
    return paint('dim', `  ${id.padEnd(width)}  ${bar(fraction, stepBarWidth)}  ${percent}`);
  });
  const more = view.running.size - running.length;
  return [head, ...lines, ...(more > 0 ? [paint('dim', `  … and ${String(more)} more`)] : [])].join('\n');
}

/** Styles text, or leaves it as it is. The caller knows the stream; by itself, `styleText` would ask stdout. */
export function painter(
  colour: boolean,
): (style: 'cyan' | 'dim' | 'green' | 'red' | 'yellow' | 'bold', text: string) => string {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

/** `0.42 s` */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function bar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

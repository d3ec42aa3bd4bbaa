import type { RunSnapshot } from '../observe/run-snapshot.ts';
import { failureLines } from './failure-lines.ts';
import { headLines, resourceLines, waitLines } from './head-lines.ts';
import type { ProgressView } from './progress-view.ts';
import { stepLines } from './step-lines.ts';
import type { Paint } from './terminal-text.ts';

/** Where a frame is drawn. */
interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a frame shows. */
interface FrameParts {
  readonly title: string;
  readonly view: ProgressView;
  readonly snapshot: RunSnapshot;
  /** The time of the run's clock. */
  readonly now: number;
  readonly paint: Paint;
}

/**
 * The lines of the live view: the whole, the resources, what is waited for, the failures, and a line a running step; as many as the terminal
 * has rows, none wider than it is. The last column and the last row stay free, for the cursor.
 */
export function frameLines({ title, view, snapshot, now, paint }: FrameParts, size: FrameSize): string[] {
  const pen = { paint, columns: Math.max(1, size.columns - 1) };
  const room = Math.max(1, size.rows - 1);
  const lines = headLines(title, view, snapshot, now, pen, room >= 6 ? 2 : 1);
  if (room >= 3) lines.push(...resourceLines(snapshot, pen, room >= 12 ? 2 : 1));
  if (room >= 8) lines.push(...waitLines(snapshot, pen));
  if (room - lines.length >= 2)
    lines.push(...failureLines(view.failures, view.failed, pen, Math.floor((room - lines.length) / 2)));
  lines.push(...stepLines(view, now, pen, room - lines.length));
  return lines;
}

import { parseRecord, singly } from '../../../lib/store/journal-record.ts';

/** The lines of a journal as if each output had been written by itself: so there are more places at which a process may have died. */
export function singleLines(lines: Iterable<string>): string[] {
  return Array.from(lines).flatMap((line) => {
    const record = parseRecord(line);
    if (record?.[0] !== 'all') return [line];
    return Array.from(singly([record]), (one) => JSON.stringify(one));
  });
}

import { hostText } from '../base/host.ts';
import { inspectValue } from '../base/inspect.ts';
import type { ReportedRun } from './reported-run.ts';

/** Where a run was, and with what: for people to read. */
export interface RunAbout {
  /** The host, as in `Node 24.1.0 on linux x64, 8 cores`. */
  readonly host?: string | undefined;
  /** What each input was, in a few words, by name. */
  readonly inputs?: Readonly<Record<string, string>> | undefined;
}

/** That of a run of this process. */
export function aboutRun({ inputs = {} }: ReportedRun): RunAbout {
  const previews = Object.entries(inputs).map(([name, value]) => [name, inspectValue(value)] as const);
  return { host: hostText(), inputs: Object.fromEntries(previews) };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What is asked of a stream: process.stdout and process.stderr have it on a terminal and lack it on a pipe. */
export interface Output {
  readonly isTTY?: boolean;
  readonly rows?: number;
  hasColors?(environment: Environment): boolean;
}

/** Whether lines can be drawn over: on a terminal that a person watches, but not in a log of continuous integration. */
export function isAnimated(
  { isTTY = false, rows = 0 }: Output,
  environment: Environment = process.env,
): boolean {
  const isCi = !['', '0', 'false', undefined].includes(environment['CI']);
  // A terminal without a size, as a script may make one, would show nothing.
  return isTTY && rows > 0 && !isCi && environment['TERM'] !== 'dumb';
}

/** Whether colours are shown and wanted: `NO_COLOR` and `FORCE_COLOR` are heeded. */
export function isColoured(stream: Output, environment: Environment = process.env): boolean {
  return stream.isTTY === true && stream.hasColors?.(environment) === true;
}

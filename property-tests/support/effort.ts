/** Set to a number, it multiplies how many cases are tried: `PROPERTY_EFFORT=50 npx vitest run --project property engine`. */
const effort = Number(process.env['PROPERTY_EFFORT'] ?? 1);

/** How many cases to try where it is so many without more effort. */
export function cases(count: number): number {
  return Math.max(1, Math.round(count * effort));
}

/** How long a property may take, in ms: for the configuration of the tests. */
export const patience = 60_000 * Math.max(1, effort);

/** Stands for a value that isn't there: a null or a NaN in the file. */
export const missing = -(2 ** 31);

/**
 * Decoded flights, one entry a flight in each column, {@link missing} where there is no value.
 *
 * Airports are indices into `codes`.
 */
export interface FlightColumns {
  readonly codes: readonly string[];
  /** The hour of day, 0 to 23. */
  readonly hours: Int32Array;
  /** Minutes late on arrival; negative when early. */
  readonly delays: Int32Array;
  readonly origins: Int32Array;
  readonly destinations: Int32Array;
}

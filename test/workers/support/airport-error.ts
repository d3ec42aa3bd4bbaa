/** How often an {@link AirportError} was made. A bundler would rename a class that counts for itself. */
export const made = { count: 0 };

/** An error whose constructor wants to be left alone: it counts its calls, and fails without its argument. */
export class AirportError extends RangeError {
  override readonly name: string = 'AirportError';
  readonly code = 'E_AIRPORT';
  readonly airport: { readonly iata: string };

  constructor(airport: { readonly iata: string }, options?: ErrorOptions) {
    super(`no such airport: ${airport.iata}`, options);
    made.count++;
    this.airport = airport;
  }

  /** A method that lives on the prototype. */
  describe(): string {
    return `${this.code} ${this.airport.iata}`;
  }
}

/** One that only its base is registered for. */
export class ClosedAirportError extends AirportError {
  override readonly name = 'ClosedAirportError';
}

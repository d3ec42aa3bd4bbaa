import { type Observable, ReplaySubject } from 'rxjs';

/** The addresses that are known and not yet visited. Ends once every one has been left and none came of it. */
export class Frontier {
  // Those that are found before anybody listens wait.
  readonly #found$ = new ReplaySubject<URL>(Infinity);
  readonly #known = new Set<string>();
  readonly #isWanted: (url: URL) => boolean;
  #open = 0;

  constructor(isWanted: (url: URL) => boolean) {
    this.#isWanted = isWanted;
  }

  get urls$(): Observable<URL> {
    return this.#found$;
  }

  /** Adds what is wanted and new. */
  add(urls: Iterable<URL>): void {
    for (const url of urls) {
      url.hash = '';
      if (!this.#isWanted(url) || this.#known.has(url.href)) continue;
      this.#known.add(url.href);
      this.#open++;
      this.#found$.next(url);
    }
  }

  /** Says that a page is done with, its links added. */
  leave(): void {
    this.#open--;
    if (this.#open === 0) this.#found$.complete();
  }
}

/** What can be imported of the package, as package.json has it. */
export const entries: readonly {
  /** What one imports. */
  readonly specifier: string;
  /** What its built files are called. */
  readonly name: string;
  /** The file that it is built from, relative to the repository. */
  readonly source: string;
}[];

/** The source of each by the name of its built file, as bundlers take it. */
export const sourceByName: Readonly<Record<string, string>>;

/** One picture: what goes in, what it goes through, what comes out. */
export interface MarbleDiagram {
  readonly file: string;
  readonly operator: string;
  readonly inputs: readonly { readonly name: string; readonly marbles: string }[];
  readonly output: string;
}

export const diagrams: readonly MarbleDiagram[];
export function marbleSvg(diagram: MarbleDiagram): string;

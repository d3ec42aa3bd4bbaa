/** Builds the program, the worker module and the page's script, and gives the folder that they are in. */
export function build(): Promise<URL>;

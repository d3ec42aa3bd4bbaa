/**
 * A class of the engine that a handle brings along: the function that makes the handle has put it there, and only the engine knows what it is.
 * So a program that never calls such a function doesn't have the class in its bundle.
 */
export type Machinery = new (...terms: never[]) => object;

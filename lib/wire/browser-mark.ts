/**
 * What the names of a pool's Web Workers begin with: a browser hands a worker nothing else before its module runs, and
 * `exposeTasks` has to know where it is.
 */
export const browserMark = 'millrace:';

/** What a Web Worker says last that closes itself. */
export const closedMark = 'millrace:closed';

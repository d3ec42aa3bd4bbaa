/**
 * What the names of a pool's own Web Workers begin with: a browser hands a worker nothing else before its module runs,
 * and `exposeTasks` has to know where it is.
 */
export const browserMark = 'millrace:';

/** What a Web Worker is told that somebody else has named, until it answers. */
export const madeMark = 'millrace:made';

/** What a Web Worker says last that closes itself. */
export const closedMark = 'millrace:closed';

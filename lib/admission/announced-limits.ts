/** The limit of a class that somebody else knows, such as how many tasks workers on other machines take at once. */
export interface AnnouncedLimit {
  /** What it is now: a number of at least 0. */
  readonly value: number;
  /** Calls back after each change, until the returned function is called. */
  watch(changed: () => void): () => void;
}

const announced = new Map<string, AnnouncedLimit[]>();

/**
 * Says that a class's limit comes from elsewhere, for runs that are given none of their own. The returned function takes it back, for
 * runs that are made later.
 *
 * The first to announce a class is asked: whoever else does knows the same.
 */
export function announceLimit(resource: string, limit: AnnouncedLimit): () => void {
  const limits = announced.get(resource) ?? [];
  limits.push(limit);
  announced.set(resource, limits);
  return () => {
    const at = limits.indexOf(limit);
    if (at >= 0) limits.splice(at, 1);
    if (limits.length === 0 && announced.get(resource) === limits) announced.delete(resource);
  };
}

/** The limit announced for a class, if there is one. */
export function announcedLimit(resource: string): AnnouncedLimit | undefined {
  return announced.get(resource)?.[0];
}

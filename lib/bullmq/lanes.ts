/** The name of a lane, of several servers: that of the worker, and which server it is on. */
export function laneOn(shard: number, name: string): string {
  return shard === 0 ? name : `${name}@${String(shard)}`;
}

/** Which server a lane is on. */
export function shardOf(lane: string): number {
  const at = lane.lastIndexOf('@');
  return at < 0 ? 0 : Number(lane.slice(at + 1));
}

/** What a lane is called on its server. */
export function nameOf(lane: string): string {
  const at = lane.lastIndexOf('@');
  return at < 0 ? lane : lane.slice(0, at);
}

import type { Demand } from '../admission/demand.ts';

/** What measures call a resource class: members of a family (`host:example.org`), of which there may be any number, by the family. */
export function resourceName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 || name.startsWith('remote:') ? name : `${name.slice(0, colon)}:*`;
}

/** The classes of a demand, as one text. */
export function classesOf(demand: Demand): string {
  return [...new Set(Object.keys(demand).map(resourceName))].sort().join(',');
}

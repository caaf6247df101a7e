import type { Client } from './client.js';
import { say, styleOf } from './output.js';

/** The first so many of a list, and whether there are more. @param most the server gives at a time. */
export async function firstOf<Item>(
  client: Client,
  path: string,
  query: Parameters<Client['list']>[1],
  { limit, most }: { limit: number; most: number },
): Promise<{ items: Item[]; more: boolean }> {
  // One more than is shown tells whether there is one.
  const found = await client.list<Item>(path, { ...query, limit: Math.min(limit + 1, most) }, limit + 1);
  return { items: found.slice(0, limit), more: found.length > limit };
}

/** Below a list that was cut. On stderr, so that what is piped is the list alone. */
export function tellOfMore(more: boolean, limit: number): void {
  if (more) say(styleOf(process.stderr).dim(`… and more (--limit ${limit})`));
}

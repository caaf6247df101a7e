import { SlackwaterError } from '../platform/errors.js';

/** What orders an item in its list, and its ID: neither holds a space. */
type Place = [order: string, id: string];

/**
 * A page of a list that is short enough to be read whole. A cursor names the last item of the page before, so that one that is gone meanwhile
 * does no harm.
 * @param items in rising order of their places.
 * @throws SlackwaterError `bad-request` for a cursor that is none.
 */
export function pageOf<Item>(
  items: Item[],
  placeOf: (item: Item) => Place,
  limit: number,
  cursor?: string,
): { items: Item[]; nextCursor: string | null } {
  const after = cursor === undefined ? null : readCursor(cursor);
  const rest = items.filter(item => after === null || placeOf(item).join(' ') > after);
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return { items: page, nextCursor: last === undefined ? null : writeCursor(placeOf(last)) };
}

const writeCursor = (place: Place) => Buffer.from(place.join(' ')).toString('base64url');

function readCursor(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString();
  if (/^\S+ \S+$/.test(place)) return place;
  throw new SlackwaterError('bad-request', `"${cursor}" is no cursor: leave it out for the first page`);
}

import type { Release } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import { notThere } from './not-there.js';
import type { Store } from './redis.js';

const ID_LENGTH = 12;
/** Shorter beginnings of a digest are more likely a typing error than a name. */
const MIN_PREFIX = 4;

/**
 * @param name an ID, a digest, or the beginning of one (4 digits at least).
 * @throws SlackwaterError `bad-request` if it is none or fits several, `not-found`.
 */
export async function getRelease(store: Store, name: string): Promise<Release> {
  const wanted = name.toLowerCase();
  if (!/^[0-9a-f]{4,64}$/.test(wanted))
    throw new SlackwaterError(
      'bad-request',
      `"${name}" does not name a release: give its ID, its digest, or at least ${MIN_PREFIX} digits of it (\`slackwater release ls\`)`,
    );
  const ids = wanted.length < ID_LENGTH ? await idsThatBegin(store, wanted) : [wanted.slice(0, ID_LENGTH)];
  if (ids.length > 1)
    throw new SlackwaterError('bad-request', `"${name}" fits ${ids.sort().join(', ')}: give more digits`);
  const release = ids.length === 1 ? await readRelease(store, ids[0]!) : null;
  if (release?.digest.startsWith(wanted)) return release;
  const known = (await entriesOf(store)).map(entry => entry.id);
  throw notThere('release', name, known, 'push it, or see `slackwater release ls`');
}

/** @returns the release of this very ID, or `null`. */
export async function readRelease({ redis, keys }: Store, id: string): Promise<Release | null> {
  const text = await redis.hget(keys.release(id), 'json');
  return text === null ? null : (JSON.parse(text) as Release);
}

/**
 * Newest first, of one app or of all.
 * @param options.cursor as `nextCursor` gave it.
 */
export async function listReleases(
  store: Store,
  options: { app?: string; limit?: number; cursor?: string } = {},
): Promise<{ items: Release[]; nextCursor: string | null }> {
  const limit = options.limit ?? 50;
  const after = options.cursor === undefined ? null : readCursor(options.cursor);
  const rest = (await entriesOf(store, options.app)).filter(entry => after === null || isOlder(entry, after));
  const page = rest.slice(0, limit);
  const items = await Promise.all(page.map(entry => readRelease(store, entry.id)));
  const last = page.at(-1);
  return {
    // One that was pruned in between is left out.
    items: items.filter(release => release !== null),
    nextCursor: last && rest.length > limit ? writeCursor(last) : null,
  };
}

interface Entry {
  id: string;
  /** When it came, ms. */
  at: number;
}

/** An app keeps some fifty releases: so few that all their IDs are read, and merged here. */
async function entriesOf({ redis, keys }: Store, app?: string): Promise<Entry[]> {
  const apps = app === undefined ? await redis.smembers(keys.apps) : [app];
  const lists = await Promise.all(
    apps.map(each => redis.zrevrange(keys.releases(each), 0, -1, 'WITHSCORES')),
  );
  const entries = lists.flatMap(list =>
    list.flatMap((id, i) => (i % 2 === 0 ? [{ id, at: Number(list[i + 1]) }] : [])),
  );
  return entries.sort((a, b) => (isOlder(b, a) ? -1 : 1));
}

const isOlder = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.id < b.id);

async function idsThatBegin(store: Store, prefix: string): Promise<string[]> {
  return (await entriesOf(store)).map(entry => entry.id).filter(id => id.startsWith(prefix));
}

const writeCursor = ({ id, at }: Entry) => Buffer.from(`${at} ${id}`).toString('base64url');

function readCursor(cursor: string): Entry {
  const [at, id] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (at === undefined || id === undefined || !/^\d+$/.test(at))
    throw new SlackwaterError('bad-request', `"${cursor}" is no cursor: leave it out for the first page`);
  return { at: Number(at), id };
}

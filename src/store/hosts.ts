import type { HostStatus, LastWord } from '../model/intent.js';
import type { Keys } from './keys.js';
import { type Store, script } from './redis.js';

const reportHostScript = script<number>('report-host');
const listHostsScript = script<[hosts: string[], words: string[]]>('list-hosts');
const removeHostScript = script<number>('remove-host');

/**
 * A host says where it stands. The record lives for `ttlMs`: a host that is silent longer is taken for dead, so `ttlMs` should not be
 * shorter than the locks of its runs, which are the longest time for which a host that lost Redis may still compute.
 * What it counted in a window is kept beside the window: there it stays when the host is gone.
 * `wake`: tell the engine at once instead of leaving it to the next look.
 */
export async function reportHost(
  store: Store,
  status: HostStatus,
  ttlMs: number,
  options: { wake?: boolean } = {},
): Promise<void> {
  const { keys, redis } = store;
  const event = JSON.stringify({ host: status.id, hostname: status.hostname });
  const places = placesOf(keys, status);
  await reportHostScript(
    redis,
    places.length,
    ...places,
    status.id,
    JSON.stringify(status),
    ttlMs,
    options.wake ? keys.wake : '',
    event,
    ...textsOf(status, { whole: false }),
  );
}

/** The hosts whose record has not expired, in order of their IDs. Drops the dead from the index and tells of it. */
export async function listHosts(store: Store): Promise<HostStatus[]> {
  return (await lookAtHosts(store)).hosts;
}

/** The same, and in the same moment what each host said last in this window, by its ID, also of those that are gone. */
export async function lookAtHosts(
  { keys, redis }: Store,
  windowId?: string,
): Promise<{ hosts: HostStatus[]; lastWords: Record<string, LastWord> }> {
  const places = [keys.hosts, keys.events, ...(windowId === undefined ? [] : [keys.window(windowId)])];
  const [texts, words] = await listHostsScript(redis, places.length, ...places, keys.host(''), keys.wake);
  const hosts = texts.map(text => JSON.parse(text) as HostStatus).sort((a, b) => (a.id < b.id ? -1 : 1));
  const lastWords: Record<string, LastWord> = {};
  for (let i = 0; i < words.length; i += 2) lastWords[words[i]!] = JSON.parse(words[i + 1]!) as LastWord;
  return { hosts, lastWords };
}

/** A host that leaves in good order takes its record along, and leaves all that it counted. */
export async function removeHost(store: Store, status: HostStatus): Promise<void> {
  const { keys, redis } = store;
  const places = placesOf(keys, status);
  const texts = textsOf(status, { whole: true });
  await removeHostScript(redis, places.length, ...places, status.id, keys.wake, ...texts);
}

/** @param options.whole with the pauses of its runs: thousands of numbers, so they are written once. */
export function lastWordsOf(
  { seenAt, apps }: HostStatus,
  { whole }: { whole: boolean },
): (LastWord & { window: string })[] {
  return Object.values(apps).flatMap(({ tally, held = 0 }) =>
    tally === null
      ? []
      : { window: tally.window, at: seenAt, held, tally: whole ? tally : { ...tally, pauses: [] } },
  );
}

const placesOf = (keys: Keys, status: HostStatus): string[] => [
  keys.hosts,
  keys.host(status.id),
  keys.events,
  ...lastWordsOf(status, { whole: false }).map(({ window }) => keys.window(window)),
];

const textsOf = (status: HostStatus, options: { whole: boolean }): string[] =>
  lastWordsOf(status, options).map(({ window: _, ...word }) => JSON.stringify(word));

import type { HostStatus, LastWord, SilentHost } from '../model/intent.js';
import type { Keys } from './keys.js';
import { type Store, script } from './redis.js';

const reportHostScript = script<number>('report-host');
const listHostsScript =
  script<[hosts: string[], words: string[], signs: string[], seconds: string]>('list-hosts');
const removeHostScript = script<number>('remove-host');

/** So long it is told of a host that fell silent, ms. */
const TOLD_MS = 3_600_000;

/** The last sign of life of a host; `at`: ms since the epoch. */
interface Sign {
  hostname: string;
  at: number;
  runs: number;
}

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
    JSON.stringify(signOf(status)),
    TOLD_MS,
    ...textsOf(status, { whole: false }),
  );
}

/** The hosts whose record has not expired, in order of their IDs. Drops the dead from the index and tells of it. */
export async function listHosts(store: Store): Promise<HostStatus[]> {
  return (await lookAtHosts(store)).hosts;
}

/**
 * The same, and in the same moment what each host said last in this window, by its ID, also of those that are gone; and who fell silent
 * within the last hour, the latest first, but for those in whose place others have come.
 */
export async function lookAtHosts(
  { keys, redis }: Store,
  windowId?: string,
): Promise<{ hosts: HostStatus[]; lastWords: Record<string, LastWord>; silent: SilentHost[] }> {
  const ofWindow = windowId === undefined ? [] : [keys.window(windowId)];
  const places = [keys.hosts, keys.events, keys.hostSigns, ...ofWindow];
  const more = [keys.host(''), keys.wake, TOLD_MS];
  const [texts, words, signs, seconds] = await listHostsScript(redis, places.length, ...places, ...more);
  const hosts = texts.map(text => JSON.parse(text) as HostStatus).sort((a, b) => (a.id < b.id ? -1 : 1));
  const lastWords: Record<string, LastWord> = {};
  for (let i = 0; i < words.length; i += 2) lastWords[words[i]!] = JSON.parse(words[i + 1]!) as LastWord;
  return { hosts, lastWords, silent: silentOf(signs, hosts, Number(seconds) * 1_000) };
}

function silentOf(signs: string[], hosts: HostStatus[], now: number): SilentHost[] {
  const alive = new Set(hosts.map(({ id }) => id));
  const silent: SilentHost[] = [];
  for (let i = 0; i < signs.length; i += 2) {
    const id = signs[i]!;
    const { hostname, at, runs } = JSON.parse(signs[i + 1]!) as Sign;
    if (!alive.has(id) && at > now - TOLD_MS)
      silent.push({ id, hostname, seenAt: new Date(at).toISOString(), runs });
  }
  return withoutReplaced(silent, hosts).sort((a, b) => (a.seenAt > b.seenAt ? -1 : 1));
}

/** Each host stands in for one of its machine at most, which had fallen silent before it started: both times are by the clock of that machine. */
function withoutReplaced(silent: SilentHost[], hosts: HostStatus[]): SilentHost[] {
  const free = [...hosts].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  return silent
    .sort((a, b) => (a.seenAt < b.seenAt ? -1 : 1))
    .filter(({ hostname, seenAt }) => {
      const by = free.findIndex(host => host.hostname === hostname && host.startedAt > seenAt);
      if (by >= 0) free.splice(by, 1);
      return by < 0;
    });
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
  keys.hostSigns,
  ...lastWordsOf(status, { whole: false }).map(({ window }) => keys.window(window)),
];

const signOf = ({ hostname, seenAt, apps }: HostStatus): Sign => ({
  hostname,
  at: Date.parse(seenAt),
  runs: Object.values(apps).reduce((sum, { held, running }) => sum + (held ?? running), 0),
});

const textsOf = (status: HostStatus, options: { whole: boolean }): string[] =>
  lastWordsOf(status, options).map(({ window: _, ...word }) => JSON.stringify(word));

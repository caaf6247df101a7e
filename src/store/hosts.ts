import type { HostStatus } from '../model/intent.js';
import { type Store, script } from './redis.js';

const reportHostScript = script<number>('report-host', 3);
const listHostsScript = script<string[]>('list-hosts', 2);
const removeHostScript = script<number>('remove-host', 3);

/**
 * A host says where it stands. The record lives for `ttlMs`: a host that is silent longer is taken for dead, so `ttlMs` should not be
 * shorter than the locks of its runs, which are the longest time for which a host that lost Redis may still compute.
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
  await reportHostScript(
    redis,
    keys.hosts,
    keys.host(status.id),
    keys.events,
    status.id,
    JSON.stringify(status),
    ttlMs,
    options.wake ? keys.wake : '',
    event,
  );
}

/** The hosts whose record has not expired, in order of their IDs. Drops the dead from the index and tells of it. */
export async function listHosts(store: Store): Promise<HostStatus[]> {
  const { keys, redis } = store;
  const texts = await listHostsScript(redis, keys.hosts, keys.events, keys.host(''), keys.wake);
  return texts.map(text => JSON.parse(text) as HostStatus).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A host that leaves in good order takes its record along. */
export async function removeHost(store: Store, id: string): Promise<void> {
  const { keys, redis } = store;
  await removeHostScript(redis, keys.hosts, keys.host(id), keys.events, id, keys.wake);
}

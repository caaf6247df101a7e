import type { Run } from '../../model/run.js';
import type { Window } from '../../model/window.js';
import { isOver } from '../../model/window-defaults.js';
import type { Client } from '../client.js';
import type { HostsAnswer, QueueStatus } from '../show/fleet.js';
import type { Findings } from './diagnose.js';

/** Ended runs are looked through so far back, ms. */
const LOOKS_BACK = 3_600_000;
/** In each queue the newest come first, but a page says nothing of the next queue: so many pages are read. */
const MOST_PAGES = 10;

type Seen = Pick<
  Findings,
  'server' | 'hosts' | 'silent' | 'current' | 'windows' | 'held' | 'queues' | 'ended'
>;

/** What a server knows, or why it did not say. One that is not ready may still know much. */
export async function lookAtServer(client: Client, now: number): Promise<Seen> {
  const { url } = client;
  const ready = await client.get('/readyz').then(
    () => true as const,
    (error: Error) => error.message,
  );
  let fault = ready === true ? null : ready;
  const known = <Answer>(answer: Promise<Answer>): Promise<Answer | null> =>
    answer.catch((error: Error) => {
      fault ??= error.message;
      return null;
    });
  const [hosts, queues, jobs, windows, failed, parked] = await Promise.all([
    known(client.get<HostsAnswer>('/v1/hosts')),
    known(client.list<QueueStatus>('/v1/queues')),
    known(client.list<{ app: string; release: string }>('/v1/jobs')),
    known(client.list<Window>('/v1/windows', {}, 100)),
    known(endedSince(client, 'failed', now - LOOKS_BACK)),
    known(endedSince(client, 'parked', now - LOOKS_BACK)),
  ]);
  const held = (windows ?? []).filter(window => window.held !== null && !isOver(window));
  const underWay = (windows ?? []).filter(({ phase }) => phase !== 'done' && phase !== 'scheduled');
  return {
    server: { url, ready: fault ?? true },
    hosts: jobs && windows && (hosts?.items ?? null),
    silent: hosts?.silent ?? [],
    current: Object.fromEntries((jobs ?? []).map(({ app, release }) => [app, release])),
    windows: Object.fromEntries([...underWay, ...held].map(({ app, id }) => [app, id])),
    held,
    queues,
    ended: failed === null || parked === null ? null : { failed, parked },
  };
}

async function endedSince(client: Client, state: 'failed' | 'parked', since: number): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const query = { state, limit: 100, cursor };
    const page = await client.get<{ items: Run[]; nextCursor: string | null }>('/v1/runs', query);
    count += page.items.filter(({ finishedAt }) => finishedAt && Date.parse(finishedAt) >= since).length;
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return count;
}

import type { HostStatus } from '../../model/intent.js';
import type { Run } from '../../model/run.js';
import type { Window } from '../../model/window.js';
import type { Client } from '../client.js';
import type { QueueStatus } from '../show/fleet.js';
import type { Findings } from './diagnose.js';

/** Ended runs are looked through so far back, ms. */
const LOOKS_BACK = 3_600_000;
/** In each queue the newest come first, but a page says nothing of the next queue: so many pages are read. */
const MOST_PAGES = 10;

type Seen = Pick<Findings, 'server' | 'hosts' | 'current' | 'windows' | 'queues' | 'ended'>;

/** What a server knows, or why it did not say. */
export async function lookAtServer(client: Client, now: number): Promise<Seen> {
  const { url } = client;
  try {
    await client.get('/readyz');
    const [hosts, queues, jobs, windows, failed, parked] = await Promise.all([
      client.list<HostStatus>('/v1/hosts'),
      client.list<QueueStatus>('/v1/queues'),
      client.list<{ app: string; release: string }>('/v1/jobs'),
      client.list<Window>('/v1/windows', {}, 100),
      endedSince(client, 'failed', now - LOOKS_BACK),
      endedSince(client, 'parked', now - LOOKS_BACK),
    ]);
    const underWay = windows.filter(({ phase }) => phase !== 'done' && phase !== 'scheduled');
    return {
      server: { url, ready: true },
      hosts,
      current: Object.fromEntries(jobs.map(({ app, release }) => [app, release])),
      windows: Object.fromEntries(underWay.map(({ app, id }) => [app, id])),
      queues: queues.map(({ name, paused, holds }) => ({ name, paused, held: holds.length > 0 })),
      ended: { failed, parked },
    };
  } catch (error) {
    const server = { url, ready: (error as Error).message };
    return { server, hosts: null, current: {}, windows: {}, queues: null, ended: null };
  }
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

import { expect, test } from 'vitest';
import { type Client, createClient } from '../../src/cli/client.js';
import type { EventRecord } from '../../src/model/event.js';
import type { Window } from '../../src/model/window.js';
import { readEvents } from '../../src/store/events.js';
import { listHolds } from '../../src/store/holds.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { onEnd } from '../support/lifetime.js';
import { type RunningProcess, spawnCli } from '../support/processes.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';

const WINDOWS = 50;
/** How often the leader is killed: about once in so many windows. */
const KILLED_IN = 5;

/** Windows of every strategy. The hook may be repeated, so that its window goes on whoever dies in it. */
const KINDS = [
  { hooks: [{ name: 'migrate', when: 'stopped', command: ['true'], idempotent: true }] },
  { strategy: 'rolling' },
  { strategy: 'canary', canary: { steps: [0.5], step: '50ms' }, watch: { duration: '50ms', minRuns: 0 } },
];

interface Server {
  process: RunningProcess;
  client: Client;
}

test(`${WINDOWS} windows one after another, the leading server killed at random: each ends, and its events are one story`, {
  timeout: 400_000,
}, async () => {
  const store = useStore();
  const { redis, keys } = store;
  const serve = async (): Promise<Server> => {
    const env = { ...store.env, SLACKWATER_DATA: tempDir('story') };
    const process = spawnCli(['serve', '--port', '0'], { env });
    const [, url] = await process.line(/^ready (http:\S+)$/);
    return { process, client: createClient({ url: url! }) };
  };
  const releases = [await sampleRelease(store, 'a'), await sampleRelease(store, 'b')] as const;
  await makeCurrent(store, { app: 'billing', id: releases[0] });
  const hosts = [await fakeHost(store, 'h1', { runs: 3 }), await fakeHost(store, 'h2', { runs: 3 })];

  // The first of them leads: the other one came later, or was there when the one before died.
  let servers: [Server, Server] = [await serve(), await serve()];
  const told = follow(() => servers[0].client);
  const random = randomFrom(5);
  const ended: Window[] = [];
  let killed = 0;
  while (ended.length < WINDOWS) {
    const [leader, follower] = servers;
    const release = releases[(ended.length + 1) % 2];
    const fields = { release, reason: 'a test', ...KINDS[ended.length % KINDS.length] };
    const { id } = await follower.client.post<Window>('/v1/windows', fields);
    if (random() < 1 / KILLED_IN) {
      const owner = await redis.hget(keys.lease, 'owner');
      const steps = Math.floor(random() * 6);
      // So far into its story, or at its end where that is shorter.
      const isThere = async () => {
        const story = await readEvents(store, { window: id });
        return story.length > steps || story.at(-1)?.phase === 'done';
      };
      await eventually(isThere, { every: 2 });
      leader.process.kill('SIGKILL');
      killed++;
      await eventually(async () => (await redis.hget(keys.lease, 'owner')) !== owner);
      servers = [follower, leader];
    }
    const [{ client }] = servers;
    const window = await eventually(
      async () => {
        await Promise.all(hosts.map(host => host.look()));
        const seen = await client.get<Window>(`/v1/windows/${id}`);
        if (seen.phase === 'done') return seen;
        throw new Error(JSON.stringify(seen.phases.at(-1)));
      },
      { timeout: 60_000, what: `the end of window ${ended.length} (${id})` },
    );
    ended.push(window);
    if (servers[1] === leader) servers = [follower, await serve()];
  }

  expect(killed).toBeGreaterThan(WINDOWS / KILLED_IN / 2);
  expect(ended.map(({ outcome, summary }) => outcome === 'completed' || summary)).toEqual(
    Array(WINDOWS).fill(true),
  );
  expect(await listHolds(store)).toEqual([]);

  // Whoever listened heard all there was, once and in order, though the server it listened to died again and again.
  const kept = await readEvents(store, { count: 20_000 });
  await eventually(() => told.events.some(({ id }) => id === kept.at(-1)!.id));
  expect(told.events.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
  expect(told.connections).toBeGreaterThan(killed);
  for (const { id, phases, outcome } of ended) {
    const story = told.events.filter(event => event.type === 'window.phase' && event.window === id);
    expect(story.map(({ phase }) => phase)).toEqual(phases.map(({ phase }) => phase));
    expect(story.at(-1)).toMatchObject({ phase: 'done', outcome });
  }
});

/** Listens to one server, and when that dies to the next one, from the last event on that it heard. */
function follow(server: () => Client): { events: EventRecord[]; connections: number } {
  const told = { events: [] as EventRecord[], connections: 0 };
  const abort = new AbortController();
  async function listen(): Promise<void> {
    const lastEventId = told.events.at(-1)?.id;
    const stream = server().events('/v1/events?after=0', { signal: abort.signal, lastEventId });
    for await (const { data } of stream) told.events.push(data as unknown as EventRecord);
  }
  const listening = (async () => {
    while (!abort.signal.aborted) {
      told.connections++;
      await listen().catch(() => new Promise(resolve => setTimeout(resolve, 50)));
    }
  })();
  onEnd(async () => {
    abort.abort();
    await listening;
  });
  return told;
}

/** The same numbers for the same seed, from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

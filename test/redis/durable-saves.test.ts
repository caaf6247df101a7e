import { expect, it } from 'vitest';
import { DurableSaves } from '../../src/store/durable-saves.js';
import { FencedError } from '../../src/store/runs.js';
import { startedRun } from '../support/begun-runs.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { type RedisServer, redisServer } from '../support/redis-servers.js';
import { type TestStore, useStore } from '../support/store.js';

const state = (text: string) => ({ state: text, version: 1, cursors: null });

describeWithRedisBinary('a commit that waits until its state survives a crash', () => {
  it('has it on a replica; many of one turn wait once', async () => {
    const { master, store } = await replicated();
    const saves = await durable(store, 5_000);
    const runs = await Promise.all(
      Array.from({ length: 50 }, (_, i) => startedRun(store, 'a', { queue: 'reports', jobId: `run-${i}` })),
    );
    const saved = await Promise.all(runs.map((run, i) => saves.save(run, state(`s${i}`))));
    expect(saved.every(({ advanced }) => advanced)).toBe(true);
    expect(await store.redis.hget(store.keys.run('reports', 'run-49'), 'state')).toBe('s49');
    expect(await master.redis.info('commandstats')).toMatch(/cmdstat_wait:calls=[1-9],/);
    await expect(saves.save({ ...runs[0]!, fence: 99 }, state('late'))).rejects.toThrow(FencedError);
  });

  it('fails where no replica confirms in time, and says that the state is saved', async () => {
    const { replica, store } = await replicated();
    const saves = await durable(store, 200);
    const run = await startedRun(store, 'a', { queue: 'reports', jobId: 'run-1' });
    replica.process.kill('SIGSTOP');
    await expect(saves.save(run, state('unsure'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /is saved, but Redis did not confirm within 200 ms that a replica has it/,
      ),
    });
    expect(await store.redis.hget(store.keys.run('reports', 'run-1'), 'state')).toBe('unsure');
    replica.process.kill('SIGCONT');
    await eventually(() => saves.save(run, state('sure')));
  });

  it('is refused at the start by a Redis that can confirm nothing, and not by one that syncs always', async () => {
    const server = await redisServer({ appendonly: 'no' });
    const saves = open(useStore(server.url), 1_000);
    await expect(saves.start()).rejects.toMatchObject({ code: 'bad-config' });
    const always = await redisServer({ appendfsync: 'always' });
    const store = useStore(always.url);
    const run = await startedRun(store, 'a', { queue: 'reports', jobId: 'run-1' });
    await (await durable(store, 1_000)).save(run, state('s'));
  });
});

async function replicated(): Promise<{ master: RedisServer; replica: RedisServer; store: TestStore }> {
  // Without a file, so that all there is to wait for is the replica.
  const master = await redisServer({ appendonly: 'no', 'repl-diskless-sync-delay': '0' });
  const replica = await redisServer({ appendonly: 'no', replicaof: `127.0.0.1 ${master.port}` });
  await eventually(async () => /state=online/.test(await master.redis.info('replication')));
  return { master, replica, store: useStore(master.url) };
}

function open(store: TestStore, timeoutMs: number): DurableSaves {
  const saves = new DurableSaves(store, timeoutMs);
  onEnd(() => saves.stop());
  return saves;
}

async function durable(store: TestStore, timeoutMs: number): Promise<DurableSaves> {
  const saves = open(store, timeoutMs);
  await saves.start();
  return saves;
}

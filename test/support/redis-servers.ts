import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { redisBinary } from '../../src/redis/find-redis.mjs';
import { connect, type Redis } from '../../src/store/redis.js';
import { eventually } from './eventually.js';
import { onEnd } from './lifetime.js';
import { type RunningProcess, spawnProcess } from './processes.js';
import { tempDir } from './temp-dir.js';

/** A Redis of a test's own on a free port of loopback. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Where it keeps its files. */
  readonly dir: string;
  /** A connection to this one server, whatever it is part of; closed when the test ends. */
  readonly redis: Redis;
  process: RunningProcess;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

const SLOTS = 16_384;

/** Keeps an append-only file, synced every second, and evicts nothing; `more` goes before that. */
export async function redisServer(
  more: Record<string, string> = {},
  binary: string = redisBinary()!,
): Promise<RedisServer> {
  const port = await freePort();
  const dir = tempDir('redis');
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    save: '',
    ...more,
  };
  return launch(
    binary,
    port,
    dir,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  );
}

async function launch(binary: string, port: number, dir: string, args: string[]): Promise<RedisServer> {
  const process = spawnProcess(binary, args);
  const url = `redis://127.0.0.1:${port}`;
  const redis = connect({ url });
  onEnd(() => redis.disconnect());
  const server = {
    port,
    url,
    dir,
    redis,
    process,
    async kill() {
      server.process.kill('SIGKILL');
      await server.process.exit;
    },
  };
  await eventually(() => redis.ping(), {
    what: `an answer of ${binary} ${args.join(' ')}\n${process.stdout}`,
  });
  return server;
}

/** A Cluster of three masters, each with a third of the slots. */
export async function redisCluster(): Promise<{ url: string; nodes: RedisServer[] }> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' };
  const nodes: RedisServer[] = [];
  for (let i = 0; i < 3; i++) nodes.push(await redisServer(settings));
  for (const [i, { redis }] of nodes.entries()) {
    const [from, to] = [Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3)];
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    await redis.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot));
  }
  for (const { port } of nodes) await nodes[0]!.redis.call('CLUSTER', 'MEET', '127.0.0.1', port);
  for (const { redis } of nodes) {
    await eventually(
      async () =>
        /cluster_state:ok.*cluster_known_nodes:3/s.test(String(await redis.call('CLUSTER', 'INFO'))),
      { what: 'a Cluster of three' },
    );
  }
  return { url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`, nodes };
}

/** A master, a replica of it, and a Sentinel that makes the replica master a second after the other has gone. */
export async function redisSentinel(): Promise<{ url: string; master: RedisServer; replica: RedisServer }> {
  const master = await redisServer({ 'repl-diskless-sync-delay': '0' });
  const replica = await redisServer({
    replicaof: `127.0.0.1 ${master.port}`,
    'repl-diskless-sync-delay': '0',
  });
  await eventually(async () => /state=online/.test(await master.redis.info('replication')), {
    what: 'a replica that follows its master',
  });
  const port = await freePort();
  const file = path.join(tempDir('sentinel'), 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${path.dirname(file)}`,
    `sentinel monitor tide 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds tide 1000',
    'sentinel failover-timeout tide 5000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { redis } = await launch(redisBinary()!, port, path.dirname(file), [file, '--sentinel']);
  await eventually(
    async () => ((await redis.call('SENTINEL', 'replicas', 'tide')) as unknown[]).length === 1,
    {
      what: 'a Sentinel that knows the replica',
    },
  );
  return { url: `redis+sentinel://127.0.0.1:${port}/tide`, master, replica };
}

/** A node of a Cluster listens 10,000 above its port, too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listening(0);
    if (port !== null && port < 55_000 && (await listening(port + 10_000)) !== null) return port;
  }
}

function listening(port: number): Promise<number | null> {
  return new Promise(done => {
    const server = createServer().once('error', () => done(null));
    server.listen(port, '127.0.0.1', () => {
      const found = (server.address() as { port: number }).port;
      server.close(() => done(found));
    });
  });
}

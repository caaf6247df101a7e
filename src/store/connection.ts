import type { Socket } from 'node:net';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { namesSeveral, readSeveral } from '../redis/several.mjs';
import { troubleOf } from './trouble.js';

export type { Redis };

export interface ConnectionOptions {
  /**
   * `redis://…`, `rediss://…`, `unix:///path` for a socket, `redis+cluster://host:port,…`, or `redis+sentinel://host:port,…/MASTER`.
   */
  url: string;
  namespace?: string;
}

/**
 * A Redis that has not answered for so long is taken for gone, ms: a machine that lost its power closes no connection. Longer than any
 * command waits, those included that wait on purpose (10 s for the next run, 5 s for the next event). The client's own watch for failovers is
 * not used: one that comes while ioredis 6.0.0 reconnects ends the connection for good.
 */
const GONE_AFTER_MS = 15_000;
/** A connection that found itself on a replica looks for the master again, but no more often than this, ms. */
const LOOK_FOR_MASTER_MS = 1_000;
/** How often a command follows a Cluster that moves, or waits a tenth of a second for one that elects a new master. */
const PATIENT = 100_000;
const IMPATIENT = 16;

/**
 * Opens a connection as BullMQ needs it: commands wait for a reconnect (50–500 ms apart) instead of failing. The client's automatic
 * pipelining stays off: when a connection closes under such a pipeline, ioredis 6.0.0 throws outside of any promise and the process dies.
 * Every connection of Slackwater is made here. (A Cluster comes as a `Redis`: it knows all commands that are used, and what differs is in this file.)
 */
export function connect(options: ConnectionOptions, extra: RedisOptions = {}): Redis {
  const settings: RedisOptions = {
    maxRetriesPerRequest: null,
    retryStrategy: times => Math.min(50 * times, 500),
    reconnectOnError: leavesReplica(),
    socketTimeout: GONE_AFTER_MS,
    ...extra,
  };
  const redis = open(options, settings);
  // Without a listener ioredis prints every refused reconnect; who cares about them listens for itself.
  redis.on('error', () => {});
  return redis;
}

function open(options: ConnectionOptions, settings: RedisOptions): Redis {
  const { url } = options;
  if (namesSeveral(url)) return openSeveral(options, settings);
  const socket = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  const redis = socket ? new Redis({ ...settings, path: socket }) : new Redis(url, settings);
  writeTogether(redis);
  return redis;
}

function openSeveral({ url, namespace = 'sw' }: ConnectionOptions, settings: RedisOptions): Redis {
  const { kind, nodes, tls, username, password, ...sentinel } = readSeveral(url);
  const secret = { ...(username && { username }), ...(password && { password }), ...(tls && { tls: {} }) };
  if (kind === 'cluster') return openCluster(nodes, { ...settings, ...secret }, `{${namespace}}:clock`);
  const redis = new Redis({
    ...settings,
    ...secret,
    sentinels: nodes,
    name: sentinel.master!,
    sentinelRetryStrategy: settings.retryStrategy ?? (() => null),
    ...(sentinel.db !== undefined && { db: sentinel.db }),
    ...(sentinel.sentinelPassword && { sentinelPassword: sentinel.sentinelPassword }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  });
  writeTogether(redis);
  return redis;
}

function openCluster(
  nodes: { host: string; port: number }[],
  settings: RedisOptions,
  clockKey: string,
): Redis {
  const { retryStrategy, lazyConnect, enableOfflineQueue = true, ...redisOptions } = settings;
  const cluster = new Cluster(nodes, {
    lazyConnect,
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    maxRedirections: enableOfflineQueue ? PATIENT : IMPATIENT,
    retryDelayOnMoved: 20,
    redisOptions: redisOptions as ClusterOptions['redisOptions'],
  });
  cluster.on('+node', writeTogether);
  // Each node has a clock. The one that counts is that of the node with the control plane, which its scripts read too.
  cluster.time = () =>
    cluster.eval("return redis.call('TIME')", 1, clockKey) as ReturnType<typeof cluster.time>;
  return cluster as unknown as Redis;
}

/** A failover may leave a connection on the former master, which is a replica now: writes are refused there until somebody looks again. */
function leavesReplica(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return error => {
    if (troubleOf(error)?.kind !== 'read-only' || performance.now() - last < LOOK_FOR_MASTER_MS) return false;
    last = performance.now();
    return true;
  };
}

/**
 * Commands of one turn go out in one write, each still an own command with its own answer: a host saves hundreds of states at once, and a
 * write each was the largest part of its work.
 */
function writeTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const socket = (redis as unknown as { stream?: Socket }).stream;
    if (socket && socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return send(command, stream);
  };
}

/** The masters behind a connection: itself, or those of its Cluster. */
export function mastersOf(redis: Redis): Redis[] {
  const client: unknown = redis;
  return client instanceof Cluster ? client.nodes('master') : [redis];
}

import type { AddressInfo } from 'node:net';
import { checkAccess } from '../api/access.js';
import { createApi } from '../api/app.js';
import { createEventFeed } from '../api/event-feed.js';
import { createJobCatalog } from '../api/job-catalog.js';
import type { Config } from '../config/config.js';
import { systemClock } from '../platform/clock.js';
import { SlackwaterError } from '../platform/errors.js';
import { newId } from '../platform/ids.js';
import { createLogger, type Logger } from '../platform/logger.js';
import { type Service, serviceGroup } from '../platform/service.js';
import { createQueues } from '../queue/queues.js';
import { hidePassword } from '../redis/address.mjs';
import { createBackfills } from '../schedule/backfill.js';
import { createScheduler } from '../schedule/scheduler.js';
import { createLease } from '../store/lease.js';
import { checkRedis, openStore, type Store } from '../store/redis.js';
import { TroubleWatch } from '../store/trouble-watch.js';
import { createCalendar } from '../window/calendar.js';
import { createEngine } from '../window/engine.js';
import { LIMITS } from '../window/facts.js';
import { redisControlPlane } from '../window/redis-control-plane.js';
import { redisTaskRunner } from '../window/tasks/redis-task-runner.js';
import { tellStep } from './tell-step.js';
import { createTeller } from './teller.js';
import { ToldSchedules } from './told-schedules.js';

export interface Server extends Service {
  /** Where it listens, without a slash at the end. Known once it has started. */
  readonly url: string;
}

export interface ServerOptions {
  /** How long a start waits for Redis, ms; default 10,000. */
  redisWaitMs?: number;
}

/** How long a stop waits for the requests under way, ms. */
const CLOSE_WAIT_MS = 10_000;
/** … and for the last words to Redis, ms. */
const GOODBYE_WAIT_MS = 2_000;

/**
 * The server: API and window engine over one Redis. Any number may run; one of them holds the lease and moves windows.
 *
 * The API has a connection of its own whose commands fail at once while Redis is away, so that every request is answered; the engine's
 * wait for it, since the engine has nothing better to do.
 * `start` throws SlackwaterError `bad-config` (an address open to all without a token, a port that is taken, a Redis that is unfit) and
 * `unavailable` (no Redis).
 */
export function createServer(config: Config, { redisWaitMs = 10_000 }: ServerOptions = {}): Server {
  let url = '';
  let running: Service | undefined;

  function compose(): Service {
    const logger = createLogger('server');
    const store = openStore(config.redis, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 5_000,
    });
    const queues = createQueues(store);
    const trouble = new TroubleWatch(store, logger, {
      full: 'requests that store something are refused (503), and a window under way goes on',
      others: 'requests are refused (503), and windows wait',
    });
    const engine = createWindows(config, logger, trouble);
    const feed = createEventFeed(store);
    const api = createApi({ store, queues, config, feed, catalog: createJobCatalog(store), logger, trouble });
    return serviceGroup([
      storeService(store, redisWaitMs, trouble),
      { start: async () => {}, stop: () => inTime(queues.close()) },
      // Before the engine: its first look may find hosts that fell silent while no server was there.
      feed,
      createTeller(store, feed, logger, trouble),
      // Before the engine: a server that cannot listen must not lead, and decide over windows and fires, for a moment.
      {
        async start() {
          await api.listen({ host: config.server.host, port: config.server.port }).catch(error => {
            throw listenFault(error, config);
          });
          url = urlOf(api.server.address() as AddressInfo);
        },
        stop: close,
      },
      engine,
      // Whoever asks is answered to the end while the engine still runs.
      { start: async () => {}, stop: close },
    ]);

    async function close(): Promise<void> {
      const timer = setTimeout(() => api.server.closeAllConnections(), CLOSE_WAIT_MS);
      await api.close().finally(() => clearTimeout(timer));
    }
  }

  return {
    get url() {
      return url;
    },
    async start() {
      if (running) return;
      checkAccess(config.server);
      const service = compose();
      await service.start();
      running = service;
    },
    async stop() {
      const service = running;
      running = undefined;
      await service?.stop();
    },
  };
}

/** The engine with its lease, on a connection that waits while Redis is away. */
function createWindows(config: Config, logger: Logger, trouble: TroubleWatch): Service {
  // Lazy: a server whose start fails before the engine's turn leaves no connection behind.
  const store = openStore(config.redis, { lazyConnect: true });
  const queues = createQueues(store);
  const owner = newId('srv');
  const lease = createLease(store, { owner });
  lease.onChange(held =>
    logger.info(
      held
        ? `this server (${owner}) moves windows and fires schedules now`
        : 'this server does not move windows and fire schedules any more',
    ),
  );
  const limits = { payloadBytes: config.limits.payloadBytes, commands: config.window.commands };
  const calendar = createCalendar(store, {
    limits,
    onFire: ({ schedule, at, fate, reason }) => logger.info({ schedule, at, fate }, reason),
  });
  const settings = { ...config.window, retention: config.retention };
  const tasks = redisTaskRunner(store, queues, owner, settings, {
    onTrouble: (err, { window, task, attempt }) =>
      trouble.failed(err, 'Redis took no sign of a hook or probe', { window, task, attempt }),
  });
  const engine = createEngine(redisControlPlane(store, queues), {
    lease,
    tasks,
    onLook: holder => calendar.tick(holder),
    limits: { ...LIMITS, prepareMs: config.window.prepareTimeoutMs },
    onEvent(event) {
      if (event.type === 'trouble') trouble.failed(event.error, 'the window engine could not look');
      else tellStep(logger, event);
    },
  });
  const told = new ToldSchedules(logger, systemClock);
  const scheduler = createScheduler(store, queues, {
    lease,
    retention: config.retention,
    backlogPerSecond: config.schedules.backlogPerSecond,
    onEvent(event) {
      if (event.type === 'trouble') trouble.failed(event.error, 'schedules could not be looked at');
      else told.tell(event);
    },
  });
  const backfills = createBackfills(store, {
    lease,
    onTrouble: error => trouble.failed(error, 'backfills could not be looked at'),
  });
  const group = serviceGroup([lease, engine, scheduler, backfills]);
  return {
    start: () => group.start(),
    async stop() {
      // The lease goes first: whoever leads next sees the signs of what is still done here.
      await inTime(group.stop());
      told.flush();
      await tasks.stop();
      await inTime(queues.close());
      store.redis.disconnect();
    },
  };
}

/**
 * Waits for a stop that says good-bye to Redis, but not for ever: where Redis has just gone, its commands may never be answered. What is
 * not said then ends by itself (the lease by its time).
 */
async function inTime(stopping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, GOODBYE_WAIT_MS);
  });
  await Promise.race([stopping, late]).finally(() => clearTimeout(timer));
}

function storeService(store: Store, waitMs: number, trouble: TroubleWatch): Service {
  return {
    async start() {
      try {
        await whenReady(store, waitMs);
        await checkRedis(store.redis);
      } catch (error) {
        store.redis.disconnect();
        throw error;
      }
    },
    async stop() {
      trouble.stop();
      store.redis.disconnect();
    },
  };
}

async function whenReady({ redis, options }: Store, waitMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  let why = '';
  redis.on('error', error => {
    why = ` (${error.message || error})`;
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      const where = hidePassword(options.url);
      reject(
        new SlackwaterError('unavailable', `no Redis answers at ${where}${why}: start one, or set REDIS_URL`),
      );
    }, waitMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function listenFault(error: NodeJS.ErrnoException, { server: { host, port } }: Config): Error {
  const say = (text: string) => new SlackwaterError('bad-config', text, [], { cause: error });
  if (error.code === 'EADDRINUSE')
    return say(
      `port ${port} on ${host} is taken: stop what listens there, or choose another (server.port, SLACKWATER_PORT; 0 for a free one)`,
    );
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return say(`${host} is no address of this machine: change server.host`);
  if (error.code === 'EACCES')
    return say(`port ${port} may not be listened on: choose one above 1023 (server.port)`);
  return error;
}

function urlOf({ address, family, port }: AddressInfo): string {
  const everywhere = address === '0.0.0.0' || address === '::';
  const host = everywhere ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

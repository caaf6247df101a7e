import { hostname } from 'node:os';
import path from 'node:path';
import type { Config } from '../config/config.js';
import type { HostStatus } from '../model/intent.js';
import { atMost } from '../platform/at-most.js';
import { type Clock, systemClock } from '../platform/clock.js';
import { newId } from '../platform/ids.js';
import { createLogger } from '../platform/logger.js';
import type { Service } from '../platform/service.js';
import { VERSION } from '../platform/version.js';
import { applyPauseFlags } from '../queue/intake.js';
import { createQueues } from '../queue/queues.js';
import { announcementOf } from '../store/announcements.js';
import { DurableSaves } from '../store/durable-saves.js';
import { sweep } from '../store/holds.js';
import { listHosts, removeHost } from '../store/hosts.js';
import { readIntent, watchControl } from '../store/intents.js';
import { checkRedis, openStore } from '../store/redis.js';
import { fetchRelease, getRelease } from '../store/releases.js';
import { TroubleWatch } from '../store/trouble-watch.js';
import { openSpans } from '../store/window-spans.js';
import { AppHost } from './app-host.js';
import { enqueueChild } from './enqueue-child.js';
import { Intake } from './intake.js';
import { isProver } from './is-prover.js';
import { Lines } from './lines.js';
import { LoadLines } from './load-lines.js';
import type { LocalRelease } from './local-release.js';
import { LockKeeper } from './lock-keeper.js';
import { Pace } from './pace.js';
import { Patience } from './patience.js';
import { Pool } from './pool.js';
import { QueueCare } from './queue-care.js';
import { RedisClock } from './redis-clock.js';
import { Reporter } from './reporter.js';
import { followRunRequests } from './run-requests.js';
import { servedApps } from './served-apps.js';
import { SharedPace } from './shared-pace.js';
import { ToldRuns } from './told-runs.js';
import { WorkerProcess } from './worker-process.js';

/** How often a host looks by itself, whatever it may have missed. */
const LOOK_EVERY_MS = 1_000;
/** How long runs without a checkpoint may go on when the host leaves, before they are given back unfinished. */
const LEAVE_WITHIN_MS = 30_000;

/** What comes of a release that cannot be loaded. */
const FOR_WINDOW = 'the window that wants it is told, and what runs goes on';
const FOR_RUNS = 'it is tried again, and its runs wait';

export interface Host extends Service {
  readonly id: string;
  status(): HostStatus;
}

/**
 * A host: claims the runs of all apps it serves, keeps the workers of their releases alive, and follows their intents. Its own loop never runs author code
 * and never parses a state.
 */
export function createHost(config: Config, clock: Clock = systemClock): Host {
  const id = newId('host');
  const log = createLogger('host');
  const store = openStore(config.redis);
  const trouble = new TroubleWatch(store, log, {
    full: 'what runs goes on and is saved; new starts, new steps and runs that runs ask for wait',
    others: 'nothing starts; what runs is stopped before its locks end, and then goes on from its last save',
  });
  const told = new ToldRuns(log, clock);
  const loads = new LoadLines(log);
  const queues = createQueues(store);
  const redisClock = new RedisClock(store.redis);
  const patience = new Patience(trouble);
  const lines = new Lines(store);
  const { durability, durabilityTimeoutMs } = config.redis;
  const durableSaves = durability === 'wait' ? new DurableSaves(store, durabilityTimeoutMs) : null;
  const startedAt = new Date().toISOString();
  const apps = new Map<string, AppHost>();
  const paces = new Map<string, SharedPace>();
  let leaving = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const intake = new Intake({
    store,
    lockMs: config.host.lockDurationMs,
    maxRuns: config.host.maxRuns,
    only: config.host.queues,
    retention: config.retention,
    trouble,
  });
  const slots = () => [...apps.values()].flatMap(app => app.slots);
  const locks = new LockKeeper({
    lockMs: config.host.lockDurationMs,
    consumers: () => intake.consumers(),
    slots,
    onRenewed: () => {
      for (const app of apps.values()) app.control.dispatch();
    },
    onLost: (queue, jobIds) => {
      for (const app of apps.values()) app.control.loseAll(queue, jobIds);
    },
    trouble,
  });
  const status = (): HostStatus => ({
    id,
    hostname: hostname(),
    pid: process.pid,
    version: VERSION,
    workers: config.host.workers,
    queues: config.host.queues,
    startedAt,
    seenAt: new Date(redisClock.now()).toISOString(),
    leaving,
    apps: Object.fromEntries([...apps].map(([name, app]) => [name, app.status(redisClock.now())])),
  });
  const reporter = new Reporter(store, status, config.host.lockDurationMs, trouble);

  const local = async (release: string): Promise<LocalRelease> => {
    const folder = path.resolve(await fetchRelease(store, release, path.join(config.data, 'releases')));
    const { entry, jobs, workflows } = await getRelease(store, release);
    return { release, entry: path.join(folder, entry), jobs, workflows };
  };
  const workerOptions = { checkpointLimit: config.limits.checkpointBytes, env: config.host.env };

  const createAppHost = (app: string): AppHost => {
    const pace = new Pace(() => redisClock.now());
    const shared = new SharedPace(store, app, pace, () => redisClock.now());
    paces.set(app, shared);
    shared.share().catch(error => trouble.failed(error, 'learned times could not be read', { app }));
    return new AppHost({
      app,
      host: id,
      store,
      clock,
      log,
      trouble,
      told,
      loads,
      pace,
      patience,
      durableSaves,
      now: () => redisClock.now(),
      deadline: () => locks.deadline(),
      crashLimit: config.host.crashLimit,
      lockMs: config.host.lockDurationMs,
      agingMs: config.queues.priorityAgingMs,
      lines,
      killAfterMs: config.host.killAfterMs,
      logLines: config.limits.logLines,
      leaving: () => leaving,
      // No window goes on without a host whose record lives, and that lives as long as this after each report.
      isCurrent: () => clock.monotonic() - lookedAt < config.host.lockDurationMs,
      queues,
      retention: config.retention,
      payloadBytes: config.limits.payloadBytes,
      claims: intake,
      resultLimit: config.limits.resultBytes,
      enqueue: enqueueChild(store, queues, config.retention),
      fetch: local,
      createPool: ({ release, entry, jobs, workflows }, host) =>
        new Pool({
          ...workerOptions,
          release,
          entry,
          jobs,
          workflows,
          clock,
          workers: config.host.workers,
          runConcurrency: config.host.runConcurrency,
          deadline: () => locks.deadline(),
          onMessage: (slot, message) => host.control.receive(slot, message),
          onExit: (slot, cause) =>
            host.control.exited(slot, release, cause, process.hrtime.bigint() > slot.deadline),
          restore: () => local(release),
          onBroken: why =>
            loads.broken(release, why, host.standby?.release === release ? FOR_WINDOW : FOR_RUNS),
          onRoom: () => {
            loads.loaded(release);
            host.control.dispatch();
          },
        }),
      forkWorker: ({ entry }) =>
        new WorkerProcess({ ...workerOptions, entry, onMessage: () => {}, onExit: () => {} }),
      isProver: async intent => isProver(await listHosts(store), app, intent, id),
      onHeldBack: (queue, claims) => intake.heldBack(queue, claims),
      onWindow: () => intake.serveTasks(app, apps.get(app)!.control),
      onPool: pool => {
        const failed = (error: unknown) =>
          trouble.failed(error, 'former queues could not be looked up', { app });
        intake.serve(app, pool, apps.get(app)!.control).catch(failed);
      },
      formerQueues: () => store.redis.smembers(store.keys.served(app)),
      report: urgent => reporter.changed(urgent),
    });
  };

  /** Reads every intent and follows it. Never two at once; a wake-up in between leads to another look. */
  let looking: Promise<void> | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let again = false;
  const look = (): Promise<void> => {
    again = true;
    if (stopped) return Promise.resolve();
    looking ??= (async () => {
      while (again) {
        again = false;
        const sentAt = clock.monotonic();
        const names = await servedApps(store, config.host.queues);
        const [spans, intents] = await Promise.all([
          openSpans(store),
          Promise.all(names.map(name => readIntent(store, name))),
        ]);
        lookedAt = sentAt;
        for (const [i, name] of names.entries()) {
          if (!apps.has(name)) apps.set(name, createAppHost(name));
          apps.get(name)!.announced.follow(announcementOf(spans, name, redisClock.now()));
          apps.get(name)!.follow(intents[i] ?? null);
        }
      }
    })()
      .catch(error => trouble.failed(error, 'the control plane could not be read'))
      .finally(() => {
        looking = null;
      });
    return looking;
  };
  const control = watchControl(store, () => void look());
  const requests = followRunRequests(
    store,
    request => {
      for (const app of apps.values()) app.control.cancel(request.queue, request.id);
    },
    app => apps.get(app)?.workflows.look(),
  );
  const care = new QueueCare({
    store,
    queues,
    lines,
    agingMs: config.queues.priorityAgingMs,
    failedMs: config.retention.failedMs,
    log,
  });
  const sharePaces = () => Promise.all([...paces.values()].map(pace => pace.share()));
  let ticks = 0;
  const tick = async () => {
    await look();
    if (ticks++ % 10 === 0) await redisClock.measure();
    await sweep(store, () => applyPauseFlags(store, queues));
    await reporter.flush(false);
    await sharePaces();
    await care.look(intake.served());
  };
  const schedule = () => {
    timer = setTimeout(() => {
      tick()
        .catch(error => trouble.failed(error, 'Redis could not be asked'))
        .finally(() => timer && schedule());
    }, LOOK_EVERY_MS);
  };

  return {
    id,
    status,
    async start() {
      await checkRedis(store.redis);
      await durableSaves?.start();
      await redisClock.measure();
      await Promise.all([locks.start(), control.start(), requests.start()]);
      await reporter.flush(true);
      await look();
      schedule();
    },
    async stop() {
      if (leaving) return;
      leaving = true;
      trouble.stop();
      log.info(`host ${id} leaves: its runs stop at a checkpoint and are given back`);
      clearTimeout(timer);
      timer = undefined;
      // Without Redis nothing can be given back: what others may take over they take when the locks have ended.
      const patience = () =>
        (store.redis.status === 'ready' ? LEAVE_WITHIN_MS : 0) + config.host.lockDurationMs;
      await atMost(patience(), intake.stopClaiming());
      for (const app of apps.values()) app.leave();
      await atMost(patience(), reporter.flush(true));
      const kill = () => {
        for (const slot of slots()) slot.kill();
      };
      await atMost(patience(), intake.idle(LEAVE_WITHIN_MS, kill));
      kill();
      await Promise.all([...apps.values()].map(app => app.stop()));
      stopped = true;
      reporter.stop();
      await atMost(
        patience(),
        Promise.all([locks.stop(), control.stop(), requests.stop(), intake.close(), looking]),
      );
      await atMost(patience(), sharePaces());
      await atMost(patience(), removeHost(store, status()));
      await atMost(patience(), queues.close());
      durableSaves?.stop();
      store.redis.disconnect();
      log.info(`host ${id} has left`);
    },
  };
}

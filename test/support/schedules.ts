import { Worker } from 'bullmq';
import type { ScheduleManifest } from '../../src/model/release.js';
import type { Fire, ScheduleState } from '../../src/model/schedule.js';
import { createQueues, type Queues } from '../../src/queue/queues.js';
import { createScheduler, type SchedulerEvent, type SchedulerOptions } from '../../src/schedule/scheduler.js';
import { createLease } from '../../src/store/lease.js';
import { connect, openStore, redisNow, type Store } from '../../src/store/redis.js';
import { readFires } from '../../src/store/schedules/fires.js';
import { listSchedules, stateText } from '../../src/store/schedules/schedules.js';
import { eventually } from './eventually.js';
import { onEnd } from './lifetime.js';
import { makeCurrent, sampleRelease } from './sample-releases.js';
import type { TestStore } from './store.js';

export const APP = 'billing';
/** Each second, none put off by jitter. */
export const EACH_SECOND = { cron: '* * * * * *', jitterMs: 0 };
const HOUR_MS = 3_600_000;

export interface RunningScheduler {
  events: SchedulerEvent[];
  stop(): Promise<void>;
}

/**
 * A scheduler with a connection and a lease of its own, which it gets when no other holds it.
 * @param options.time of Redis, as it shall see it, ms
 */
export async function startScheduler(
  of: Store,
  options: Partial<SchedulerOptions> & { owner?: string; time?: () => Promise<number> } = {},
): Promise<RunningScheduler> {
  const store = openStore(of.options);
  const { time } = options;
  if (time)
    store.redis.time = async () => {
      const now = await time();
      return [Math.floor(now / 1_000), (now % 1_000) * 1_000];
    };
  const queues = createQueues(store);
  const lease = createLease(store, { owner: options.owner ?? `srv-${Math.random()}` });
  const events: SchedulerEvent[] = [];
  const scheduler = createScheduler(store, queues, {
    lease,
    retention: { completedMs: 60_000, failedMs: 60_000 },
    backlogPerSecond: 1_000,
    onEvent: event => events.push(event),
    ...options,
  });
  const stop = async () => {
    await scheduler.stop();
    await lease.stop();
    await queues.close();
    store.redis.disconnect();
  };
  onEnd(stop);
  // One that is given a lease must not take it from the others.
  if (!options.lease) await lease.start();
  await scheduler.start();
  return { events, stop };
}

/** Makes a release current whose jobs have these schedules: each has the queue of its name. @returns its ID. */
export async function schedule(
  store: Store,
  letter: string,
  schedules: Partial<ScheduleManifest>[],
  app = APP,
): Promise<string> {
  const names = schedules.map(({ job = 'invoice' }) => job);
  const jobs = names.map(name => ({ name, queue: name }));
  for (const name of names) await store.redis.hset(store.keys.queues, name, app);
  const id = await sampleRelease(store, letter, { app, jobs, schedules });
  await makeCurrent(store, { app, id });
  await store.redis.publish(store.keys.wake, '');
  return id;
}

/** Waits until the schedules of this release apply. */
export const applies = (store: Store, release: string, app = APP): Promise<unknown> =>
  eventually(async () => {
    const text = await store.redis.hget(store.keys.appliedSchedules, app);
    return text !== null && JSON.parse(text).release === release;
  });

/** What is known of a schedule is changed, as if it had been left so by a server of before. No scheduler may hold the lease. */
export async function setState(
  store: Store,
  name: string,
  change: Partial<ScheduleState>,
  app = APP,
): Promise<void> {
  const key = store.keys.scheduleStates(app);
  const state = JSON.parse((await store.redis.hget(key, name))!) as ScheduleState;
  await store.redis.hset(key, name, stateText({ ...state, ...change }));
}

export const firesOf = async (store: Store, name: string, app = APP): Promise<Fire[]> =>
  (await readFires(store, { app, schedule: name }, { limit: 1_000 })).items.reverse();

export const fates = (fires: Fire[]): string[] => fires.map(({ fate }) => fate);
export const instants = (fires: Fire[]): number[] => fires.map(({ at }) => Date.parse(at));

/** Lets the schedules of a release apply, and the server leave. */
export async function applied(
  store: Store,
  letter: string,
  schedules: Partial<ScheduleManifest>[],
): Promise<string> {
  const release = await schedule(store, letter, schedules);
  const server = await startScheduler(store);
  await applies(store, release);
  await server.stop();
  return release;
}

/** The IDs of all runs in these queues, however far they are. */
export async function runsIn(queues: Queues, names: string[]): Promise<string[]> {
  const jobs = await Promise.all(names.map(name => queues.get(name).getJobs()));
  return jobs.flat().map(job => job.id!);
}

/** Does the runs of a queue, each at once. */
export function doRuns(store: TestStore, queue: string): void {
  const connection = connect({ url: store.url });
  const worker = new Worker(queue, async () => {}, {
    connection: connection as never,
    prefix: store.queuePrefix,
  });
  worker.on('error', () => {});
  onEnd(async () => {
    await worker.close(true);
    connection.disconnect();
  });
}

export const stateOf = async (store: Store, name: string): Promise<ScheduleState> =>
  (await listSchedules(store, APP)).find(({ job }) => job === name)!.state;

/** A pattern that fires in each hour, half an hour from now, and its latest instants, the oldest first: none falls due while the test runs. */
export async function hoursAgo(store: Store, count: number): Promise<{ cron: string; hours: number[] }> {
  const last = Math.floor(((await redisNow(store.redis)) - HOUR_MS / 2) / 60_000) * 60_000;
  const hours = Array.from({ length: count }, (_, i) => last - (count - 1 - i) * HOUR_MS);
  return { cron: `${new Date(last).getUTCMinutes()} * * * *`, hours };
}

import type { EventRecord } from '../../src/model/event.js';
import type { Hold } from '../../src/model/hold.js';
import type { HostStatus, Intent } from '../../src/model/intent.js';
import type { Report, Request, Window } from '../../src/model/window.js';
import { readEvents } from '../../src/store/events.js';
import { listHolds } from '../../src/store/holds.js';
import { removeHost, reportHost } from '../../src/store/hosts.js';
import { readIntent } from '../../src/store/intents.js';
import { type LeaseRecord, leaseRecord } from '../../src/store/lease.js';
import { redisNow, type Store } from '../../src/store/redis.js';
import { createWindow, extendWindow, getWindow, readReport, requestWindow } from '../../src/store/windows.js';
import type { ControlPlane } from '../../src/window/control-plane.js';
import { redisControlPlane } from '../../src/window/redis-control-plane.js';
import { eventually } from './eventually.js';
import { memoryControlPlane, memoryLease, memoryOperator } from './memory-control-plane.js';
import { MemoryRedis } from './memory-redis.js';
import { useQueues } from './queues.js';
import { useStore } from './store.js';
import { T0 } from './window-samples.js';

type Asked = Omit<Request, 'at'>;

/** A control plane with all that happens around it: what its contract is tried on. */
export interface ControlSide {
  plane: ControlPlane;
  lease: LeaseRecord;
  createWindow(window: Window): Promise<Window>;
  window(id: string): Promise<Window>;
  report(id: string): Promise<Report | null>;
  request(id: string, asked: Asked, expected?: number): Promise<Window>;
  extend(id: string, byMs: number): Promise<Window>;
  intent(): Promise<Intent | null>;
  holds(): Promise<Hold[]>;
  placeHold(hold: Hold): Promise<void>;
  reportHost(status: HostStatus, ttlMs: number, wake?: boolean): Promise<void>;
  removeHost(status: HostStatus): Promise<void>;
  isPaused(queue: string): Promise<boolean>;
  pause(queue: string): Promise<void>;
  add(queue: string): Promise<void>;
  events(): Promise<Pick<EventRecord, 'type'>[]>;
  now(): Promise<number>;
  /** Lets at least so much time pass. */
  pass(ms: number): Promise<void>;
  /** @returns what puts everything back as it is now, but for the clock: Redis died and lost what came after. */
  remember(): Promise<() => Promise<void>>;
}

export function memorySide(): ControlSide {
  let now = T0;
  const redis = new MemoryRedis(() => now);
  const operator = memoryOperator(redis);
  return {
    plane: memoryControlPlane(redis),
    lease: memoryLease(redis),
    createWindow: operator.createWindow,
    window: async id => redis.window(id)!,
    report: async id => redis.report(id),
    request: operator.requestWindow,
    extend: (id, byMs) => operator.extendWindow(id, { byMs }),
    intent: async () => redis.intent('billing'),
    holds: async () => redis.holds(),
    placeHold: hold => operator.placeHold(hold),
    reportHost: async (status, ttlMs, wake = false) => redis.reportHost(status, ttlMs, wake),
    removeHost: async status => redis.removeHost(status),
    isPaused: async queue => redis.isPaused(queue),
    pause: async queue => redis.pause(queue),
    add: async queue => redis.add(queue),
    events: async () => redis.events.map(({ type, data }) => ({ ...data, type })),
    now: async () => now,
    async pass(ms) {
      now += ms;
    },
    async remember() {
      const forget = redis.remember();
      return async () => forget();
    },
  };
}

export function redisSide(): ControlSide {
  const store = useStore();
  const { redis, keys } = store;
  const queues = useQueues(store);
  const now = () => redisNow(redis);
  return {
    plane: redisControlPlane(store, queues),
    lease: leaseRecord(store),
    createWindow: window => createWindow(store, window),
    window: id => getWindow(store, id),
    report: id => readReport(store, id),
    request: (id, asked, expected) => requestWindow(store, id, asked, expected),
    extend: (id, byMs) => extendWindow(store, id, { byMs, by: 'ann' }),
    intent: () => readIntent(store, 'billing'),
    holds: () => listHolds(store),
    async placeHold(hold) {
      await redis.hset(keys.holds, hold.id, JSON.stringify(hold));
    },
    reportHost: (status, ttlMs, wake = false) => reportHost(store, status, ttlMs, { wake }),
    removeHost: status => removeHost(store, status),
    isPaused: queue => queues.get(queue).isPaused(),
    pause: queue => queues.get(queue).pause(),
    async add(queue) {
      await queues.get(queue).add('invoice', {});
    },
    events: () => readEvents(store),
    now,
    async pass(ms) {
      const until = (await now()) + ms;
      await eventually(async () => (await now()) >= until);
    },
    remember: () => dump(store, keys.lease.slice(0, -'lease'.length)),
  };
}

async function dump({ redis }: Store, prefix: string): Promise<() => Promise<void>> {
  const names = async () => await redis.keys(`${prefix.replaceAll(/[{}]/g, '\\$&')}*`);
  const kept = await Promise.all(
    (await names()).map(async name => ({
      name,
      ttl: await redis.pttl(name),
      value: await redis.dumpBuffer(name),
    })),
  );
  return async () => {
    await redis.del(...(await names()));
    for (const { name, ttl, value } of kept) await redis.restore(name, Math.max(0, ttl), value!);
  };
}

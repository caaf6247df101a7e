import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../../test/simulation/random.js';
import type { Scope } from '../support/scope.js';
import { type Account, account } from './account.js';
import { judge, readHooks, readLines } from './audit/ledger.js';
import { readRedis } from './audit/redis.js';
import { Events } from './events.js';
import { Faults } from './faults.js';
import { Fleet } from './fleet.js';
import { planFaults } from './plan-faults.js';
import { BAD, type Folder, GOOD, planWindows } from './plan-windows.js';
import { Producer } from './producer.js';
import { CampaignRedis } from './redis.js';
import { Windows } from './windows.js';

export interface CampaignOptions {
  minutes: number;
  seed: number;
  /** An empty folder: logs, the ledger, Redis. */
  dir: string;
  scope: Scope;
  /** Somebody wants it to end at once. */
  interrupted: AbortSignal;
  show(line: string): void;
}

/** How long runs that are left may take, once nothing disturbs them any more, ms. */
const PATIENCE_MS = 120_000;
/** Runs whose end tells a sour release from a good one. */
const TASTES = 60;
const CALM = { strategy: 'window', drainTimeout: '60s', maxDuration: '3m' };

/** Real processes, 200 runs in flight, windows one after another, and faults at random: then the count. */
export async function campaign(options: CampaignOptions): Promise<Account> {
  const { minutes, seed, dir, scope, interrupted, show } = options;
  const events = new Events(join(dir, 'events.log'), show);
  const ledger = join(dir, 'ledger');
  mkdirSync(ledger);

  const redis = await CampaignRedis.start(dir, scope);
  events.say(`seed ${seed}, ${minutes} min, Redis ${redis.version}, ${redis.synced}`);
  const fleet = await Fleet.start({ dir, scope, events, redis });
  const releases = await push(fleet);
  interrupted.throwIfAborted();
  const taste = () => tasteWith(fleet);
  const hooksFile = join(dir, 'hooks.jsonl');
  const windows = new Windows({ fleet, redis, events, hooksFile, releases, taste, interrupted });
  // Each has its own chance: what one makes of it does not change the others' plan.
  const chance = (part: number) => new Random(seed * 10 + part);
  const producer = new Producer({ fleet, redis, random: chance(1), ledger, scope });
  await deployFirst(windows, interrupted);
  interrupted.throwIfAborted();
  events.say('the first release runs');

  const time = AbortSignal.timeout(minutes * 60_000);
  const trouble = new AbortController();
  const over = AbortSignal.any([time, interrupted, trouble.signal]);
  setMaxListeners(0, over);
  const faults = new Faults(fleet, redis, events);
  const plan = planFaults(chance(2), minutes * 60_000);
  const parts = [
    producer.keepBusy(over),
    windows.follow(planWindows(chance(3)), over),
    faults.inflict(plan, over),
  ];
  // Where one of them cannot go on, the others come to their end: nothing stays cut off or stopped.
  for (const part of parts) part.catch(() => trouble.abort());
  await Promise.allSettled(parts);
  await Promise.all(parts);
  interrupted.throwIfAborted();

  events.say('nothing disturbs it any more');
  await windows.one(calm(), interrupted);
  const left = await settled(producer, events, interrupted);
  events.say(
    left.length === 0 ? 'all runs have ended' : `!! ${left.length} runs have not ended: ${left.slice(0, 5)}`,
  );
  const found = await readRedis(redis.direct, producer.accepted);
  // What stops now leaves its last lines.
  await Promise.all(fleet.members.map(member => member.stop()));
  return account({
    seed,
    minutes,
    redisVersion: `${redis.version}, ${redis.synced}`,
    ledger: judge(readLines(ledger)),
    redis: found,
    windows: windows.fates,
    hooks: readHooks(hooksFile),
    faults: faults.survived,
    deaths: fleet.deaths,
  });
}

async function push(fleet: Fleet): Promise<Record<Folder, string>> {
  const ids: [Folder, string][] = [];
  for (const folder of [...GOOD, ...BAD]) ids.push([folder, await fleet.push(folder)]);
  return Object.fromEntries(ids) as Record<Folder, string>;
}

/** Nothing runs yet: whatever comes first goes through. */
async function deployFirst(windows: Windows, signal: AbortSignal): Promise<void> {
  windows.current = 'v2';
  const fate = await windows.one(calm(), signal);
  if (fate?.outcome !== 'completed') throw new Error(`the first deploy ended as ${fate?.outcome}`);
  windows.fates.length = 0;
}

const calm = () => ({ release: 'good' as const, fields: CALM, abortAfterMs: null, choice: 0, restMs: 0 });

async function tasteWith(fleet: Fleet): Promise<void> {
  const body = Array.from({ length: TASTES }, (_, n) => ({ payload: { n } }));
  // Where nobody answers now, the release is tasted by nobody: then it may stay.
  await fleet.call('POST', '/v1/jobs/campaign.taste/runs/bulk', body).catch(() => {});
}

/** @returns the runs that have not ended when patience runs out. */
async function settled(producer: Producer, events: Events, signal: AbortSignal): Promise<string[]> {
  const until = events.now + PATIENCE_MS;
  for (;;) {
    const left = await producer.left();
    if (left.length === 0 || events.now > until) return left;
    await wait(500, undefined, { signal });
  }
}

import type { HeldBy, Run, RunAddress } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import { listHolds } from '../store/holds.js';
import type { Store } from '../store/redis.js';
import { aheadInLine } from '../store/seats.js';
import { type HeldBack, heldBack } from './announced.js';
import { parseRunId } from './run-id.js';
import { placeOf } from './run-places.js';
import {
  JOB_FIELDS,
  type JobFields,
  named,
  ownRecord,
  type Place,
  RUN_FIELDS,
  type RunFields,
  toRun,
} from './run-record.js';

/** Queues that releases use, each with the app that it belongs to. */
export async function queueApps({ redis, keys }: Store): Promise<Map<string, string>> {
  return new Map(Object.entries(await redis.hgetall(keys.queues)));
}

/**
 * Where a run of this public ID is. An ID without a queue is looked for in all of them.
 * @throws SlackwaterError `not-found`; `conflict` where several queues have a job of this ID.
 */
export async function findRun(store: Store, id: string): Promise<RunAddress> {
  const { queue, jobId } = parseRunId(id);
  const queues = queue === null ? [...(await queueApps(store)).keys()] : [queue];
  const asked = store.redis.pipeline();
  for (const name of queues) asked.hmget(store.keys.job(name, jobId), 'name', 'timestamp');
  const answers = (await asked.exec()) ?? [];
  // A key that is no job at all (`wait`, `meta`) answers with an error or without a name.
  const found = queues.filter((_, i) => {
    const [error, fields] = answers[i] ?? [];
    return !error && (fields as (string | null)[]).every(field => field !== null);
  });
  if (found.length === 1) return { queue: found[0]!, jobId };
  if (found.length === 0)
    throw new SlackwaterError(
      'not-found',
      `there is no run ${id}: see \`slackwater runs ls\` (ended runs are kept for a time only)`,
    );
  const choices = found.map(name => `${name}~${jobId}`).join(', ');
  throw new SlackwaterError('conflict', `several queues have a run ${id}: say which, ${choices}`);
}

/** @throws SlackwaterError as `findRun`. */
export async function showRun(store: Store, id: string): Promise<Run> {
  const address = await findRun(store, id);
  const place = await placeOf(store, address.queue, address.jobId);
  const [run] = await readRuns(store, [{ ...address, place }], await surroundings(store));
  if (run) return { ...run, heldBy: await withPlaceInLine(store, address, run) };
  throw new SlackwaterError(
    'not-found',
    `run ${id} has just been removed: it was kept as long as configured`,
  );
}

/** Of one run it is also said how many are before it. */
async function withPlaceInLine(store: Store, address: RunAddress, { job, heldBy }: Run): Promise<HeldBy[]> {
  if (!heldBy.some(({ limit }) => limit)) return heldBy;
  const ahead = await aheadInLine(store, { ...address, job });
  if (ahead === null) return heldBy;
  return heldBy.map(by => (by.limit ? { ...by, reason: `${by.reason} (${ahead} before it)` } : by));
}

export interface Surroundings {
  apps: Map<string, string>;
  holds: Map<string, HeldBy[]>;
  heldBack: HeldBack;
}

/** What a run's answer needs beside the run. */
export async function surroundings(store: Store): Promise<Surroundings> {
  const [apps, holds, back] = await Promise.all([queueApps(store), heldBy(store), heldBack(store)]);
  return { apps, holds, heldBack: back };
}

/** Reads runs whose place is known; those that are gone by now are left out. */
export async function readRuns(
  { redis, keys }: Store,
  found: (RunAddress & { place: Place })[],
  { apps, holds, heldBack }: Surroundings,
): Promise<Run[]> {
  const asked = redis.pipeline();
  for (const { queue, jobId } of found) {
    asked.hmget(keys.job(queue, jobId), ...JOB_FIELDS);
    asked.hmget(keys.run(queue, jobId), ...RUN_FIELDS);
  }
  const answers = await asked.exec();
  return found.flatMap(({ queue, jobId, place }, i) => {
    const job = named<JobFields>(JOB_FIELDS, answers?.[2 * i]?.[1]);
    if (!job.name) return [];
    const kept = named<RunFields>(RUN_FIELDS, answers?.[2 * i + 1]?.[1]);
    const run = ownRecord(kept, job.timestamp);
    const source = { queue, jobId, place, job, run };
    const app = run.app ?? apps.get(queue) ?? 'default';
    const waitsForWindow = place !== 'delayed' || run.waits;
    const heldBy = [...(holds.get(queue) ?? []), ...(waitsForWindow ? heldBack(app, job.name) : [])];
    return [toRun({ ...source, app, heldBy })];
  });
}

/** What holds each queue's intake now. */
export async function heldBy(store: Store): Promise<Map<string, HeldBy[]>> {
  const held = new Map<string, HeldBy[]>();
  for (const { id, owner, reason, until, queues } of await listHolds(store)) {
    const window = /^window:(.+)$/.exec(owner)?.[1];
    for (const queue of queues) {
      const entry = { ...(window ? { window } : { hold: id }), reason, until };
      held.set(queue, [...(held.get(queue) ?? []), entry]);
    }
  }
  return held;
}

/** What the start of a run of this job would wait for now. */
export async function heldByOf(
  store: Store,
  { app, job }: { app: string; job: { name: string; queue: string } },
): Promise<HeldBy[]> {
  const { holds, heldBack } = await surroundings(store);
  return [...(holds.get(job.queue) ?? []), ...heldBack(app, job.name)];
}

export interface LogPage {
  items: string[];
  nextCursor: string | null;
}

/** Lines of a run's log, oldest first. The cursor of a log counts lines; it goes on where the log is still written. */
export async function runLogs(
  store: Store,
  id: string,
  { cursor, limit = 1_000 }: { cursor?: string | undefined; limit?: number | undefined } = {},
): Promise<LogPage> {
  const { queue, jobId } = await findRun(store, id);
  if (cursor !== undefined && !/^\d{1,12}$/.test(cursor)) throw badCursor(cursor);
  const from = Number(cursor ?? 0);
  const lines = await store.redis.lrange(store.keys.logs(queue, jobId), from, from + limit);
  return {
    items: lines.slice(0, limit),
    nextCursor: lines.length > limit ? String(from + limit) : null,
  };
}

export const badCursor = (cursor: string): SlackwaterError =>
  new SlackwaterError(
    'bad-request',
    `${JSON.stringify(cursor.slice(0, 100))} is no cursor of this list: give "nextCursor" of the page before, unchanged`,
    [{ pointer: '/cursor', detail: 'must be the nextCursor of the page before' }],
  );

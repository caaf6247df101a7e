import type { Backfill, BackfillRecord } from '../../model/backfill.js';
import type { UnsentFire } from '../../model/schedule.js';
import { SlackwaterError } from '../../platform/errors.js';
import type { Holder } from '../lease.js';
import { writeList } from '../lists.js';
import { notThere } from '../not-there.js';
import { type Store, script } from '../redis.js';
import { type DecidedFire, FIRES_KEPT, FIRES_KEPT_MS } from './fires.js';
import { unsentField } from './unsent-fires.js';

const createScript = script<string>('create-backfill', 5);
const advanceScript = script<'advanced' | 'not-the-holder' | 'stale'>('advance-backfill', 8);
const cancelScript = script<number>('cancel-backfill', 2);

/** How long one that is over is kept, s. */
const KEPT_S = 30 * 86_400;
/** Written before the backfill that they belong to; without one they go by themselves, ms. */
const ORPHANED_MS = 600_000;
/** So long after the last one it is known what backfills of a schedule have run, ms. */
const REMEMBERED_MS = 400 * 86_400_000;

/** A backfill as it was read, with the version that a write compares. */
export interface StoredBackfill {
  record: BackfillRecord;
  version: number;
}

/**
 * Begins it.
 * @param due the instants that it runs, in their order, ms
 * @throws SlackwaterError `conflict` where one of this schedule is under way.
 */
export async function createBackfill(store: Store, record: BackfillRecord, due: number[]): Promise<Backfill> {
  const { keys, redis } = store;
  const list = keys.backfillFires(record.id);
  await writeList(store, list, due.map(String), ORPHANED_MS);
  const places = [keys.openBackfills, keys.backfill(record.id), list, keys.backfills, keys.events];
  const other = await createScript(
    redis,
    ...places,
    slotOf(record),
    record.id,
    JSON.stringify(record),
    Date.parse(record.createdAt),
    record.state,
    KEPT_S,
    keys.wake,
    eventOf(record),
  );
  if (other === '') return shownBackfill(record);
  await redis.del(list);
  throw new SlackwaterError(
    'conflict',
    `backfill ${other} of ${record.schedule} is under way: wait for its end, or \`slackwater schedules backfills cancel ${other}\``,
  );
}

/** Those under way. */
export async function openBackfills(store: Store): Promise<StoredBackfill[]> {
  const ids = await store.redis.hvals(store.keys.openBackfills);
  return (await readBackfills(store, ids)).sort((a, b) => (a.record.id < b.record.id ? -1 : 1));
}

/** The newest first; those that are over are kept for 30 days. */
export async function listBackfills(store: Store): Promise<Backfill[]> {
  const { keys, redis } = store;
  const ids = await redis.zrevrange(keys.backfills, 0, -1);
  const found = await readBackfills(store, ids);
  const known = new Set(found.map(({ record }) => record.id));
  const forgotten = ids.filter(id => !known.has(id));
  if (forgotten.length > 0) await redis.zrem(keys.backfills, ...forgotten);
  return found.map(({ record }) => shownBackfill(record));
}

/** @throws SlackwaterError `not-found` */
export async function getBackfill(store: Store, id: string): Promise<Backfill> {
  const [found] = await readBackfills(store, [id]);
  if (found) return shownBackfill(found.record);
  const known = await store.redis.zrevrange(store.keys.backfills, 0, -1);
  throw notThere('backfill', id, known, 'see `slackwater schedules backfills ls`');
}

/** No more of it starts; the runs that it has started go on. Twice is the same as once. @throws SlackwaterError `not-found`; `conflict` where it is over. */
export async function cancelBackfill(store: Store, id: string, by: string): Promise<Backfill> {
  const { keys, redis } = store;
  const { app, schedule } = await getBackfill(store, id);
  const event = JSON.stringify({ backfill: id, app, schedule, by });
  const done = await cancelScript(redis, keys.backfill(id), keys.events, by, event, keys.wake);
  const backfill = await getBackfill(store, id);
  if (done === 1 || backfill.state === 'cancelled') return backfill;
  throw new SlackwaterError(
    'conflict',
    `backfill ${id} is ${backfill.state} already: only one under way can be cancelled`,
  );
}

/** The next instants that it has to run, ms, in their order. */
export async function nextOfBackfill({ keys, redis }: Store, id: string, count: number): Promise<number[]> {
  if (count <= 0) return [];
  return (await redis.lrange(keys.backfillFires(id), 0, count - 1)).map(Number);
}

/** Which of these instants of a schedule any backfill has run, of those of the last 100,000. */
export async function backfilledOf(
  { keys, redis }: Store,
  { app, schedule }: Pick<Backfill, 'app' | 'schedule'>,
  from: number,
  to: number,
): Promise<Set<number>> {
  return new Set((await redis.zrangebyscore(keys.backfilled(app, schedule), from, to)).map(Number));
}

export interface BackfillStep {
  /** The backfill as it is after this. */
  record: BackfillRecord;
  /** What it takes from the front of what it has to run: the fire as it stands in the ledger from then on, and what is to be sent. */
  taken: { fire: DecidedFire; unsent: UnsentFire }[];
}

/** Writes a step, for the holder of the lease. `stale`: somebody else was here. */
export async function advanceBackfill(
  { keys, redis }: Store,
  holder: Holder,
  { version }: StoredBackfill,
  { record, taken }: BackfillStep,
): Promise<'advanced' | 'not-the-holder' | 'stale'> {
  const { id, app, schedule, state } = record;
  return advanceScript(
    redis,
    keys.lease,
    keys.openBackfills,
    keys.backfill(id),
    keys.backfillFires(id),
    keys.backfilled(app, schedule),
    keys.fires(app, schedule),
    keys.unsentFires,
    keys.events,
    holder.owner,
    holder.term,
    slotOf(record),
    version,
    JSON.stringify(record),
    state,
    KEPT_S,
    keys.wake,
    state === 'running' ? '' : eventOf(record),
    FIRES_KEPT,
    FIRES_KEPT_MS,
    REMEMBERED_MS,
    ...taken.flatMap(({ fire, unsent }) => [
      fire.at,
      JSON.stringify(fire),
      unsentField(unsent),
      JSON.stringify(unsent),
    ]),
  );
}

async function readBackfills({ keys, redis }: Store, ids: string[]): Promise<StoredBackfill[]> {
  if (ids.length === 0) return [];
  const asked = redis.pipeline();
  for (const id of ids) asked.hmget(keys.backfill(id), 'doc', 'version', 'cancelledBy');
  const answers = (await asked.exec()) ?? [];
  return answers.flatMap(([fault, fields]) => {
    if (fault) throw fault;
    const [doc, version, cancelledBy] = (fields ?? []) as (string | null)[];
    if (!doc) return [];
    return [
      {
        record: { ...(JSON.parse(doc) as BackfillRecord), cancelledBy: cancelledBy ?? null },
        version: Number(version),
      },
    ];
  });
}

/** Without what only matters to whoever advances it. */
function shownBackfill({ flying: _, ...backfill }: BackfillRecord): Backfill {
  const cancelling = backfill.state === 'running' && backfill.cancelledBy !== null;
  return cancelling ? { ...backfill, state: 'cancelling', waitsFor: null } : backfill;
}

const eventOf = (record: BackfillRecord): string =>
  JSON.stringify({ app: record.app, backfill: shownBackfill(record) });

/** One at a time for each schedule. */
const slotOf = ({ app, schedule }: Backfill): string => `${app}/${schedule}`;

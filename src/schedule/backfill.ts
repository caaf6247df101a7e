import type { BackfillProgress, BackfillRecord } from '../model/backfill.js';
import { fireRunId, unsentFire } from '../model/schedule.js';
import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import { type RunEnd, runEnds } from '../queue/how-ended.js';
import { listHolds } from '../store/holds.js';
import { watchControl } from '../store/intents.js';
import type { Holder } from '../store/lease.js';
import { type LeaseLoopOptions, leaseLoop } from '../store/lease-loop.js';
import { redisNow, type Store } from '../store/redis.js';
import {
  advanceBackfill,
  nextOfBackfill,
  openBackfills,
  type StoredBackfill,
} from '../store/schedules/backfills.js';
import { listSchedules, type ScheduleView } from '../store/schedules/schedules.js';
import { unsentAmong } from '../store/schedules/unsent-fires.js';

/** How often those under way are looked at, ms. */
const LOOK_EVERY_MS = 250;

export interface BackfillsOptions {
  lease: LeaseLoopOptions['lease'];
  clock?: Clock;
  /** Hears of a look that failed. The next one comes by itself. */
  onTrouble?: (error: unknown) => void;
}

/**
 * Runs the past of schedules, where this server holds the lease. What a backfill takes is recorded in one script: the fire in the ledger, its run on the list of what is to be
 * sent, and that it is taken. The scheduler sends it. So whoever holds the lease next goes on where this one died, and nothing is sent under two IDs.
 */
export function createBackfills(store: Store, options: BackfillsOptions): Service {
  const { lease, clock = systemClock, onTrouble = () => {} } = options;
  const watch = (onChange: () => void) => watchControl(store, onChange);

  /** @returns after how long to look again, ms. */
  async function look(holder: Holder): Promise<number> {
    const open = await openBackfills(store);
    if (open.length === 0) return Number.POSITIVE_INFINITY;
    const [holds, now] = await Promise.all([listHolds(store), redisNow(store.redis)]);
    const apps = [...new Set(open.map(({ record }) => record.app))];
    const schedules = (await Promise.all(apps.map(app => listSchedules(store, app)))).flat();
    for (const each of open) {
      const { record } = each;
      const schedule = schedules.find(({ app, job }) => app === record.app && job === record.schedule);
      const hold = holds.find(({ queues: held }) => schedule !== undefined && held.includes(schedule.queue));
      const waitsFor = schedule
        ? hold
          ? `queue ${schedule.queue} is held: ${hold.reason}`
          : null
        : `the release that runs has no schedule ${record.schedule}`;
      await advance(each, { schedule, waitsFor, now, holder });
    }
    return LOOK_EVERY_MS;
  }

  async function advance(stored: StoredBackfill, around: Around): Promise<void> {
    const { record } = stored;
    const seen = await settle(record);
    const { schedule } = around;
    const cancelled = record.cancelledBy !== null;
    const waitsFor = cancelled || seen.progress.left === 0 ? null : around.waitsFor;
    const room = cancelled || !schedule || waitsFor !== null ? 0 : record.concurrency - seen.flying.length;
    const instants = await nextOfBackfill(store, record.id, room);
    const taken = schedule ? instants.map(at => fireOf(record, schedule, at)) : [];
    const flying = [...seen.flying, ...taken.map(({ unsent: { queue, id } }) => ({ queue, id }))];
    const left = seen.progress.left - taken.length;
    const over = flying.length === 0 && (cancelled || left <= 0);
    const next: BackfillRecord = {
      ...record,
      waitsFor,
      flying,
      progress: { ...seen.progress, left, running: flying.length },
      ...(over && {
        state: cancelled ? 'cancelled' : 'completed',
        endedAt: new Date(around.now).toISOString(),
      }),
    };
    if (taken.length === 0 && JSON.stringify(next) === JSON.stringify(record)) return;
    // What somebody else has written meanwhile is seen at the next look.
    await advanceBackfill(store, around.holder, stored, { record: next, taken });
  }

  /** What has become of the runs that it started. */
  async function settle(record: BackfillRecord): Promise<Pick<BackfillRecord, 'flying' | 'progress'>> {
    const { flying: started } = record;
    // First: what is struck off is in its queue.
    const onTheirWay = await unsentAmong(
      store,
      record,
      started.map(({ id }) => id),
    );
    const ends = await runEnds(
      store,
      started.map(({ queue, id }) => ({ queue, jobId: id })),
    );
    const progress = { ...record.progress };
    const flying = started.filter(({ id }, i) => {
      const end: RunEnd = onTheirWay.has(id) ? null : ends[i]!;
      if (end !== null) progress[end satisfies keyof BackfillProgress]++;
      return end === null;
    });
    return { flying, progress };
  }

  return leaseLoop({ lease, clock, watch, look, onTrouble });
}

interface Around {
  /** As it applies now; missing where the release has it no more. */
  schedule: ScheduleView | undefined;
  waitsFor: string | null;
  /** By the clock of Redis, ms. */
  now: number;
  holder: Holder;
}

/** The run of a fire has the ID of that fire, so that it never runs twice; what is wanted again has IDs of the backfill's own. */
function fireOf({ id: backfill, again }: BackfillRecord, schedule: ScheduleView, at: number) {
  const { app, job } = schedule;
  const id = fireRunId(app, job, at) + (again ? `.${backfill}` : '');
  return {
    fire: { at, fate: 'late' as const, reason: `run by backfill ${backfill}`, run: id },
    unsent: unsentFire(app, schedule, id, at),
  };
}

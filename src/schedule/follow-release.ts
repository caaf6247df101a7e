import type { Release } from '../model/release.js';
import type { AppliedSet, Schedule, ScheduleState, SchedulesDiff } from '../model/schedule.js';
import { stateText } from '../store/fires.js';
import type { Holder } from '../store/lease.js';
import type { Store } from '../store/redis.js';
import { getRelease } from '../store/release-records.js';
import { applySchedules, type NewSet, stateFrom } from '../store/schedules.js';
import type { AppBook } from './book.js';
import { diffSchedules, isRetimed } from './diff.js';

/** What is known of a schedule that is gone is kept for so long after its last fire, ms. */
const FORGET_MS = 30 * 86_400_000;

/** The schedules of a release, each with the queue of its job or workflow. */
export function schedulesOf(release: Release): Schedule[] {
  const queues = new Map([...release.jobs, ...release.workflows].map(({ name, queue }) => [name, queue]));
  return release.schedules.flatMap(schedule => {
    const queue = queues.get(schedule.job);
    return queue === undefined ? [] : [{ ...schedule, queue }];
  });
}

/**
 * Lets the schedules of a release apply to an app.
 * @param now by the clock of Redis, ms. @returns what changed; `null` where somebody else was here.
 */
export async function followRelease(
  store: Store,
  holder: Holder,
  { app, release, book, now }: { app: string; release: string; book: AppBook; now: number },
): Promise<SchedulesDiff | null> {
  const after = schedulesOf(await getRelease(store, release));
  const set = newSet(app, book, { release, at: now }, after);
  return (await applySchedules(store, holder, set)) === 'recorded' ? set.diff : null;
}

function newSet(app: string, book: AppBook, applied: AppliedSet, after: Schedule[]): NewSet {
  const before = new Map([...book.entries].map(([name, { schedule }]) => [name, schedule]));
  const diff = diffSchedules([...before.values()], after);
  const others = new Set([...diff.added, ...diff.changed.map(({ schedule }) => schedule)]);
  const put = after
    .filter(({ job }) => others.has(job))
    .map(schedule => {
      const former = before.get(schedule.job);
      const goesOn = former !== undefined && !isRetimed(former, schedule);
      return { schedule, state: goesOn ? null : newState(book, schedule.job, applied.at) };
    });
  const kept = new Set(after.map(({ job }) => job));
  const forget = [...book.idle].filter(
    ([name, text]) => !kept.has(name) && (JSON.parse(text) as ScheduleState).last < applied.at - FORGET_MS,
  );
  return { app, seen: book.applied, applied, diff, put, forget: forget.map(([name]) => name) };
}

/** What is known of it beside its times stays: what is held of it, and its last run. */
function newState(book: AppBook, name: string, now: number): string {
  const text = book.entries.get(name)?.seen ?? book.left.get(name) ?? book.idle.get(name);
  return stateText(stateFrom(now, text === undefined ? undefined : (JSON.parse(text) as ScheduleState)));
}

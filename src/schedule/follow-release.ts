import type { Intent } from '../model/intent.js';
import type { Release } from '../model/release.js';
import type { AppliedSet, Schedule, ScheduleState, SchedulesDiff } from '../model/schedule.js';
import type { Holder } from '../store/lease.js';
import type { Store } from '../store/redis.js';
import { getRelease } from '../store/release-records.js';
import { recordFates } from '../store/schedules/record-fires.js';
import { applySchedules, type NewSet, stateFrom, stateText } from '../store/schedules/schedules.js';
import { findWindow } from '../store/windows.js';
import type { AppBook, Book, Entry } from './book.js';
import { carryOver } from './carry-over.js';
import { diffSchedules, isRetimed } from './diff.js';
import { inScripts } from './in-scripts.js';

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
 * Lets the schedules of a release apply to an app, by what its intent says. What its schedules owe by then is carried over first.
 * @param now by the clock of Redis, ms. @returns what changed; `null` where somebody else was here.
 */
export async function followRelease(
  store: Store,
  holder: Holder,
  { app, release, window, book, now }: Follow,
): Promise<SchedulesDiff | null> {
  const after = schedulesOf(await getRelease(store, release));
  // Anew: whether what was written last was taken is not always known.
  let known = await book.load(app);
  const owed = owing(known, after).flatMap(
    entry => book.understood(entry, () => carryOver(entry, release, now)) ?? [],
  );
  for (const some of inScripts(owed)) {
    const { answer, stale } = await recordFates(store, holder, app, some);
    if (answer === 'not-the-holder' || stale.size > 0) return null;
  }
  if (owed.length > 0) known = await book.load(app);
  const goesBack = await takesBack(store, known.applied, release);
  const applied = { release, at: now, ...(window !== null && { window }) };
  const set = newSet(app, known, { applied, after, goesBack });
  return (await applySchedules(store, holder, set)) === 'recorded' ? set.diff : null;
}

export interface Follow extends Pick<Intent, 'app' | 'window'> {
  release: string;
  book: Book;
  now: number;
}

/** Of those that are retimed, or go. */
function owing(known: AppBook, after: Schedule[]): Entry[] {
  const next = new Map(after.map(schedule => [schedule.job, schedule]));
  return [...known.entries.values()].filter(({ schedule }) => {
    const own = next.get(schedule.job);
    return own === undefined || isRetimed(schedule, own);
  });
}

/** Whether the window that brought the set takes it back: then what it removed is not new. */
async function takesBack(store: Store, text: string | null, release: string): Promise<boolean> {
  const applied = text === null ? null : (JSON.parse(text) as AppliedSet);
  if (applied?.window === undefined) return false;
  const window = await findWindow(store, applied.window);
  if (window === null || window.outcome === 'completed') return false;
  return window.release === applied.release && window.previousRelease === release;
}

function newSet(
  app: string,
  known: AppBook,
  { applied, after, goesBack }: { applied: AppliedSet; after: Schedule[]; goesBack: boolean },
): NewSet {
  const before = new Map([...known.entries].map(([name, { schedule }]) => [name, schedule]));
  const diff = diffSchedules([...before.values()], after);
  const others = new Set([...diff.added, ...diff.changed.map(({ schedule }) => schedule)]);
  const put = after
    .filter(({ job }) => others.has(job))
    .map(schedule => {
      const former = before.get(schedule.job);
      const isBack = goesBack && (known.left.has(schedule.job) || known.idle.has(schedule.job));
      const goesOn = former === undefined ? isBack : !isRetimed(former, schedule);
      return { schedule, state: goesOn ? null : newState(known, schedule.job, applied.at) };
    });
  const kept = new Set(after.map(({ job }) => job));
  const forget = [...known.idle].filter(
    ([name, text]) => !kept.has(name) && (JSON.parse(text) as ScheduleState).last < applied.at - FORGET_MS,
  );
  return { app, seen: known.applied, applied, diff, put, forget: forget.map(([name]) => name) };
}

/** What is known of it beside its times stays: what is held of it, and its last run. */
function newState(known: AppBook, name: string, now: number): string {
  const text = known.entries.get(name)?.seen ?? known.left.get(name) ?? known.idle.get(name);
  return stateText(stateFrom(now, text === undefined ? undefined : (JSON.parse(text) as ScheduleState)));
}

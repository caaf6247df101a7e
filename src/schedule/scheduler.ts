import type { AppliedSet, Fates, ScheduleState, SchedulesDiff } from '../model/schedule.js';
import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import type { EnqueueContext } from '../queue/enqueue.js';
import type { Queues } from '../queue/queues.js';
import { watchControl } from '../store/intents.js';
import type { Holder } from '../store/lease.js';
import { type LeaseLoopOptions, leaseLoop } from '../store/lease-loop.js';
import type { Store } from '../store/redis.js';
import { recordFates } from '../store/schedules/record-fires.js';
import { Book, type Entry } from './book.js';
import { followRelease } from './follow-release.js';
import { inPieces, inScripts } from './in-scripts.js';
import { observe, type Seen } from './observe.js';
import { Pace } from './pace.js';
import { setBack } from './set-back.js';
import { Settlement } from './settle.js';

/** How often it is looked whether what waits may go on, ms. */
const WAITING_EVERY_MS = 200;
/** … of so many schedules of an app at a time: a backlog of thousands must not keep a server busy. */
const WAITING_AT_ONCE = 200;

/** What logs and tests listen to. */
export type SchedulerEvent =
  | { type: 'applied'; app: string; release: string; diff: SchedulesDiff }
  | { type: 'fires'; app: string; fates: Fates }
  /** A look failed. The next one comes by itself. */
  | { type: 'trouble'; error: unknown };

export interface SchedulerOptions {
  lease: LeaseLoopOptions['lease'];
  retention: EnqueueContext['retention'];
  /** Late fires of one app. */
  backlogPerSecond: number;
  clock?: Clock;
  onEvent?: (event: SchedulerEvent) => void;
}

/**
 * The loop of the schedules: what applies, what is due, its fate, its run. The holder of the lease runs it. What it knows is only a copy: whoever holds the lease next reads it anew, and goes on where this one died.
 */
export function createScheduler(store: Store, queues: Queues, options: SchedulerOptions): Service {
  const { lease, clock = systemClock, onEvent = () => {} } = options;
  const onTrouble = (error: unknown) => onEvent({ type: 'trouble', error });
  const book = new Book(store, onTrouble);
  const settlement = new Settlement(store, queues, book, {
    clock,
    pace: new Pace(clock, options.backlogPerSecond),
    retention: options.retention,
    onFires: (app, fates) => onEvent({ type: 'fires', app, fates }),
    onTrouble,
  });
  const watch = (onChange: () => void) => watchControl(store, onChange);
  const loop = leaseLoop({ lease, clock, watch, look, onTrouble });
  /** Of what the book was read. */
  let term: number | null = null;
  let versions: Record<string, string | undefined> = {};

  /** @returns after how long to look again, ms. */
  async function look(holder: Holder): Promise<number> {
    if (holder.term !== term) begin(holder.term);
    const seen = await observe(store);
    const seenAt = clock.monotonic();
    await keepUp(seen, holder);
    await settlement.sendRecorded(seen.unsent);
    const open = openNow(seen);
    const due = new Set([...book.take(seen.now), ...open]);
    try {
      const settled = await settlement.settle(due, seen, holder);
      forget(settled?.stale ?? null);
      if (settled?.more) return 1;
    } catch (error) {
      // What was taken out as due is due again.
      for (const entry of due) book.track(entry, entry.dueAt);
      throw error;
    }
    const left = book.dueAt - seen.now - (clock.monotonic() - seenAt);
    const next = Math.max(1, left);
    return open.length > 0 || waits() ? Math.min(WAITING_EVERY_MS, next) : next;
  }

  /** A new holder of the lease knows nothing: others may have been here. */
  function begin(newTerm: number): void {
    book.clear();
    versions = {};
    term = newTerm;
  }

  /** Reads what others changed, and lets the schedules follow the release of each app, once its intake is open: a window that goes back changes nothing. */
  async function keepUp(seen: Seen, holder: Holder): Promise<void> {
    for (const { app, release, window, gate } of seen.intents)
      await loop.attempt(async () => {
        const applied = seen.applied[app];
        if (applied === undefined && release === null) return;
        const known = book.apps.get(app);
        if (!known || known.applied !== (applied ?? null) || versions[app] !== seen.versions[app]) {
          await book.load(app);
          versions[app] = seen.versions[app];
        }
        await setRight(app, seen.now, holder);
        const followed = applied ? (JSON.parse(applied) as AppliedSet).release : null;
        if (release !== null && gate === 'open' && followed !== release) {
          const diff = await followRelease(store, holder, { app, release, window, book, now: seen.now });
          if (diff) onEvent({ type: 'applied', app, release, diff });
          await book.load(app);
        }
        // As long as the window that brought the release is not over it may take it back, and its schedules with it.
        if (window === null) await dropLeft(app, holder);
      });
  }

  async function setRight(app: string, now: number, holder: Holder): Promise<void> {
    const decisions = setBack(book.apps.get(app)!.entries.values(), now);
    if (decisions.length === 0) return;
    for (const some of inScripts(decisions)) await recordFates(store, holder, app, some);
    await book.load(app);
    const names = decisions.map(({ schedule }) => schedule).join(', ');
    onTrouble(
      new Error(
        `the clock of Redis was ahead by more than a day: schedules ${names} of app ${app} go on by what it shows now`,
      ),
    );
  }

  /** Fires that were held, and whose schedule is gone. */
  async function dropLeft(app: string, holder: Holder): Promise<void> {
    const { left, applied } = book.apps.get(app)!;
    if (left.size === 0) return;
    const reason = `release ${(JSON.parse(applied!) as AppliedSet).release} has no such schedule`;
    const decisions = [...left].flatMap(([schedule, seen]) => {
      const state = JSON.parse(seen) as ScheduleState;
      const fires = [...state.held, ...state.waiting].map(({ at, window }) => ({
        at,
        fate: 'skipped' as const,
        reason,
        ...(window && { window }),
      }));
      return inPieces(schedule, seen, fires, recorded => ({
        ...state,
        held: state.held.slice(recorded),
        waiting: state.waiting.slice(Math.max(0, recorded - state.held.length)),
      }));
    });
    for (const some of inScripts(decisions)) await recordFates(store, holder, app, some);
    await book.load(app);
  }

  /** What was held and is not any more, and what waits for its turn. */
  function openNow({ holds }: Seen): Entry[] {
    const looked = new Map<string, number>();
    return [...book.open].filter(({ app, schedule, state, paused }) => {
      const isHeld = holds.has(schedule.queue) && paused === null;
      if (isHeld || (state.held.length === 0 && state.waiting.length === 0)) return false;
      const count = looked.get(app) ?? 0;
      looked.set(app, count + 1);
      return count < WAITING_AT_ONCE;
    });
  }

  const waits = () => [...book.open].some(({ state }) => state.waiting.length > 0);

  function forget(stale: Set<string> | null): void {
    if (stale === null) term = null;
    else for (const app of stale) book.apps.delete(app);
  }

  return loop;
}

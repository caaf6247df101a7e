import { nextFire } from '../platform/cron.js';
import { upcomingFires } from '../schedule/upcoming.js';
import { listFreezes } from '../store/freezes.js';
import { redisNow } from '../store/redis.js';
import type { ScheduleView } from '../store/schedules/schedules.js';
import { listWindowSchedules } from '../store/window-schedules.js';
import { spanOf } from '../store/window-spans.js';
import { openWindows } from '../store/windows.js';
import type { ApiContext } from './context.js';
import { placeCursor, readPlaceCursor } from './instant-cursor.js';

interface Query {
  app?: string | undefined;
  cursor?: string | undefined;
  limit: number;
  for: number;
  each: number;
}

/** Time that a window takes, or will take. All in ms. */
interface WindowTime {
  id: string;
  app: string;
  from: number;
  to: number;
  reason: string;
  /** Nothing is held side by side. */
  holds: boolean;
}

/** A recurring window is told of so often at most. */
const MOST_OF_EACH = 200;

/** What is to come of these schedules, the first first, and what stands in its way. */
export async function comingFires(context: ApiContext, schedules: ScheduleView[], query: Query) {
  const { store } = context;
  const now = await redisNow(store.redis);
  const span = { from: now, to: now + query.for };
  const after = readPlaceCursor(query.cursor);
  const [windows, freezes] = await Promise.all([windowTimes(context, span), listFreezes(store)]);
  const { limit, each } = query;
  const found = await upcomingFires(schedules, { ...span, after, limit, each });
  const pauses = new Map(schedules.map(({ app, job, paused }) => [`${app}/${job}`, paused]));
  const apps = new Set(schedules.map(({ app }) => app));
  return {
    items: found.fires.map(({ app, schedule, at, dueAt, leftOut }) => {
      const window = windows.find(
        each => each.holds && each.app === app && each.from <= dueAt && dueAt < each.to,
      );
      const pause = pauses.get(`${app}/${schedule}`);
      return {
        schedule,
        app,
        at: iso(at),
        startsAt: iso(dueAt),
        window: window?.id ?? null,
        skippedFor: pause ? `paused by ${pause.by}` : leftOut === null ? null : `${leftOut} is left out`,
      };
    }),
    nextCursor: found.more ? placeCursor(found.fires.at(-1)!) : null,
    from: iso(span.from),
    to: iso(span.to),
    windows: windows
      .filter(({ app }) => apps.has(app))
      .map(({ id, app, from, to, reason }) => ({ id, app, from: iso(from), to: iso(to), reason })),
    freezes: freezes
      .filter(
        ({ app, from, to }) =>
          (app === null || apps.has(app)) && overlaps(span, Date.parse(from), Date.parse(to)),
      )
      .map(({ id, app, from, to, reason }) => ({ id, app, from, to, reason })),
  };
}

/** Windows that are not over, and those that recurring ones will open. */
async function windowTimes({ store }: ApiContext, span: { from: number; to: number }): Promise<WindowTime[]> {
  const [open, recurring] = await Promise.all([openWindows(store), listWindowSchedules(store)]);
  const times = open.map((window): WindowTime => {
    const { app, from, to, reason } = spanOf(window);
    return { id: window.id, app, from, to, reason, holds: window.strategy === 'window' };
  });
  for (const { schedule, lastFire } of recurring) {
    const { id, app, reason, maxDurationMs, strategy = 'window' } = schedule;
    let at = schedule.paused ? null : nextFire(schedule, Math.max(lastFire, span.from - maxDurationMs));
    for (let i = 0; at !== null && at < span.to && i < MOST_OF_EACH; i++, at = nextFire(schedule, at))
      times.push({ id, app, from: at, to: at + maxDurationMs, reason, holds: strategy === 'window' });
  }
  return times.filter(({ from, to }) => overlaps(span, from, to)).sort((a, b) => a.from - b.from);
}

const overlaps = (span: { from: number; to: number }, from: number, to: number): boolean =>
  from < span.to && to > span.from;
const iso = (at: number): string => new Date(at).toISOString();

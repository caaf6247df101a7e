import { createHash } from 'node:crypto';
import type { Schedule } from '../model/schedule.js';
import { nextFire } from '../platform/cron.js';
import { instantOf, wallTime } from '../platform/time-zone.js';

/** One instant of a schedule. All in ms. */
export interface Tick {
  at: number;
  /** When it falls due: the instant and its jitter. */
  dueAt: number;
  /** The day on which the schedule's author wants no fire; `null`: it is none of these. */
  leftOut: string | null;
}

/** The instants of one schedule. */
export interface Times {
  /** The first one after an instant; `null` where none comes any more. */
  after(instant: number): Tick | null;
  /** The same, on a day that is not left out; `null` also where none comes within so many such days. */
  keptAfter(instant: number): Tick | null;
  /** None falls due later than this after its instant, ms. */
  longestWait: number;
}

type Timed = Pick<Schedule, 'job' | 'cron' | 'timezone' | 'jitterMs' | 'startsAt' | 'endsAt' | 'except'>;

const JITTER_MS = 10_000;
const JITTER_SHARE = 0.1;
const DAY_MS = 86_400_000;
/** Days that are left out one after another are passed over: a year of them, no more. */
const MOST_LEFT_OUT = 400;

/** What makes two schedules fire at different times. */
export const timesKey = ({
  cron,
  timezone,
  jitterMs,
  startsAt,
  endsAt,
  except,
}: Omit<Timed, 'job'>): string => JSON.stringify([cron, timezone, jitterMs, startsAt, endsAt, except]);

export function timesOf(app: string, schedule: Timed): Times {
  const { cron, timezone, jitterMs, except = [] } = schedule;
  const share = shareOf(app, schedule.job);
  const from = schedule.startsAt === undefined ? Number.NEGATIVE_INFINITY : Date.parse(schedule.startsAt);
  const to = schedule.endsAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(schedule.endsAt);
  const days = new Set(except);

  /** The last two answers: whoever walks from fire to fire asks for each of them twice, and for the first ones again when they are due. */
  let known: { instant: number; next: number | null }[] = [];
  function next(instant: number): number | null {
    const same = known.find(each => each.instant === instant);
    if (same) return same.next;
    const found = nextFire({ cron, timezone }, Math.max(instant, from - 1));
    const answer = found !== null && found < to ? found : null;
    known = [...known.slice(-1), { instant, next: answer }];
    return answer;
  }

  function leftOut(at: number): string | null {
    if (days.size === 0) return null;
    const day = new Date(wallTime(timezone, at)).toISOString().slice(0, 10);
    return days.has(day) || days.has(day.slice(5)) ? day : null;
  }

  function after(instant: number): Tick | null {
    const at = next(instant);
    if (at === null) return null;
    const jitter =
      jitterMs ?? Math.min(JITTER_MS, ((next(at) ?? Number.POSITIVE_INFINITY) - at) * JITTER_SHARE);
    return { at, dueAt: at + Math.floor(jitter * share), leftOut: leftOut(at) };
  }

  function keptAfter(instant: number): Tick | null {
    let tick = after(instant);
    for (let i = 0; tick !== null && tick.leftOut !== null; i++) {
      if (i === MOST_LEFT_OUT) return null;
      const over = instantOf(timezone, Date.parse(tick.leftOut) + DAY_MS);
      // Where the clock is set back over midnight, a day may go on after its end.
      tick = after(Math.max(tick.at, over - 1));
    }
    return tick;
  }

  return { after, keptAfter, longestWait: Math.floor((jitterMs ?? JITTER_MS) * share) };
}

/** For what is shown: a schedule that cannot be understood, as by a zone that this Node does not know, has no times and hides no other. Whoever settles fires tells of it. */
export function shownTimesOf(app: string, schedule: Timed): Times {
  const { after, keptAfter, longestWait } = timesOf(app, schedule);
  const orNone = (find: Times['after']) => (instant: number) => {
    try {
      return find(instant);
    } catch {
      return null;
    }
  };
  return { after: orNone(after), keptAfter: orNone(keptAfter), longestWait };
}

/** 0 to 1, the same for a schedule at every time and on every machine. */
function shareOf(app: string, schedule: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([app, schedule]))
    .digest();
  return hash.readUInt32BE(0) / 2 ** 32;
}

/** More fires of one schedule than this are not told one by one: the ledger keeps no more. */
const MOST_TICKS = 1_000;

export interface DueTicks {
  /** The oldest first. */
  ticks: Tick[];
  /** One of those that were due before `ticks` and are not among them, since there were too many. */
  passed: Tick | null;
  /** The first that is not due yet. */
  next: Tick | null;
}

/** What is due of a schedule of which everything up to `last` has its fate. */
export function dueTicks(times: Pick<Times, 'after'>, last: number, now: number): DueTicks {
  let walked = walk(times, last, now);
  let passed: Tick | null = null;
  while (walked.more) {
    const { ticks } = walked;
    // As many as are kept, were they as close as these, and a quarter fewer at least. From there on there may be none, or too many again.
    const period = (ticks.at(-1)!.at - ticks[0]!.at) / (MOST_TICKS - 1);
    let from = Math.max(ticks[MOST_TICKS / 4]!.at, Math.floor(now - period * MOST_TICKS));
    passed = ticks.findLast(({ at }) => at <= from)!;
    walked = walk(times, from, now);
    while (walked.ticks.length === 0 && from > passed.at) {
      from = passed.at + Math.floor((from - passed.at) / 2);
      walked = walk(times, from, now);
    }
  }
  return { ticks: walked.ticks, passed, next: walked.next };
}

function walk(
  times: Pick<Times, 'after'>,
  from: number,
  now: number,
): { ticks: Tick[]; next: Tick | null; more: boolean } {
  const ticks: Tick[] = [];
  let next = times.after(from);
  while (next !== null && next.dueAt <= now && ticks.length < MOST_TICKS) {
    ticks.push(next);
    next = times.after(next.at);
  }
  return { ticks, next, more: next !== null && next.dueAt <= now };
}

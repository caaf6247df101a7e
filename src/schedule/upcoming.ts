import type { Schedule } from '../model/schedule.js';
import { DueHeap } from './due.js';
import { shownTimesOf, type Tick, type Times } from './times.js';
import { Turn } from './turn.js';

/** A fire that is to come. */
export interface ComingFire {
  app: string;
  schedule: string;
  /** The instant, ms, and when it starts: with its jitter. */
  at: number;
  dueAt: number;
  /** A day that is left out: it will be skipped. */
  leftOut: string | null;
}

export interface UpcomingSpan {
  /** ms: after `from`, before `to`. */
  from: number;
  to?: number;
  /** The last fire of the page before: those that follow it, in the place of `from`. */
  after?: Pick<ComingFire, 'at' | 'app' | 'schedule'> | undefined;
  limit: number;
  /** Of each schedule at most so many. */
  each?: number;
}

/** The fires that are to come of several schedules, the first first, those of one instant by app and schedule, at most `limit`. `more`: there are others after them. */
export async function upcomingFires(
  schedules: (Schedule & { app: string })[],
  { from, to = Number.POSITIVE_INFINITY, after, limit, each = Number.POSITIVE_INFINITY }: UpcomingSpan,
): Promise<{ fires: ComingFire[]; more: boolean }> {
  const heap = new DueHeap<Walk>();
  const turn = new Turn();
  async function push(walk: Walk): Promise<void> {
    const first = walk.next;
    if (first !== null) heap.push(first.at, walk);
    if (turn.isOver) await turn.letOthers();
  }
  for (const { app, ...schedule } of schedules) {
    const since = after && (isBehind({ app, schedule: schedule.job }, after) ? after.at - 1 : after.at);
    await push(new Walk(app, schedule, { after: since ?? from, to, most: each }));
  }
  const fires: ComingFire[] = [];
  while (fires.length <= limit && Number.isFinite(heap.first))
    for (const walk of heap.take(heap.first).sort((a, b) => (isBehind(a, b) ? 1 : -1))) {
      fires.push({ app: walk.app, schedule: walk.schedule, ...walk.take() });
      if (fires.length > limit) break;
      await push(walk);
    }
  return { fires: fires.slice(0, limit), more: fires.length > limit };
}

/** So many fires of a schedule are found together, at first and at most: its pattern is read for each time, as thousands of patterns are too large to be kept. */
const FIRST_TOGETHER = 4;
const MOST_TOGETHER = 64;

/** A walk through the fires of one schedule. */
class Walk {
  readonly schedule: string;
  readonly #times: Times;
  #found: Tick[] = [];
  #together = FIRST_TOGETHER;

  constructor(
    readonly app: string,
    schedule: Schedule,
    private readonly rest: { after: number; to: number; most: number },
  ) {
    this.schedule = schedule.job;
    this.#times = shownTimesOf(app, schedule);
  }

  /** The first that was not taken; `null`: there is none any more. */
  get next(): Tick | null {
    if (this.#found.length === 0) this.#walk();
    return this.#found[0] ?? null;
  }

  /** Once `next` has shown it. */
  take(): Tick {
    return this.#found.shift()!;
  }

  #walk(): void {
    const { rest } = this;
    for (let i = 0; i < this.#together && rest.most > 0; i++, rest.most--) {
      const tick = this.#times.after(rest.after);
      if (tick === null || tick.at >= rest.to) {
        rest.most = 0;
        return;
      }
      this.#found.push(tick);
      rest.after = tick.at;
    }
    this.#together = Math.min(2 * this.#together, MOST_TOGETHER);
  }
}

function isBehind(a: { app: string; schedule: string }, b: { app: string; schedule: string }): boolean {
  return a.app === b.app ? a.schedule > b.schedule : a.app > b.app;
}

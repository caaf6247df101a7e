import type { Schedule, SchedulePause, ScheduleState } from '../model/schedule.js';
import type { Store } from '../store/redis.js';
import { type KeptSchedules, type RunByHand, readSchedules } from '../store/schedules/schedules.js';
import { DueHeap } from './due.js';
import { type Times, timesOf } from './times.js';

/** A schedule that applies, as the holder of the lease knows it. */
export interface Entry {
  app: string;
  schedule: Schedule;
  times: Times;
  state: ScheduleState;
  /** The same as it stands in Redis. */
  seen: string;
  paused: SchedulePause | null;
  byHand: RunByHand | null;
  /** When its next fire is due, ms; `null`: none comes any more. */
  dueAt: number | null;
  /** For when it stands in the heap; `null`: it does not. */
  queuedFor: number | null;
}

/** The schedules of one app. */
export interface AppBook {
  /** As it stands in Redis. */
  applied: string | null;
  entries: Map<string, Entry>;
  /** What was held of schedules that do not apply any more, by name: the state as it stands in Redis. */
  left: Map<string, string>;
  /** Of all others that do not apply any more. */
  idle: Map<string, string>;
}

/** Each walk to a next fire takes a while: so many at once, then others have a turn. */
const AT_ONCE = 100;

/**
 * What the holder of the lease knows of all schedules, so that it need not read them again at each look. Only it writes their states; what persons change is
 * counted, and read anew then.
 */
export class Book {
  readonly apps = new Map<string, AppBook>();
  /** Those of which something is held, or waits for its turn: the ones that were not looked at for longest first. */
  readonly open = new Set<Entry>();
  #heap = new DueHeap<Entry>();

  /** @param onFault one schedule that cannot be understood keeps no other from its fires. */
  constructor(
    private readonly store: Store,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** When the next fire is due, ms; infinite where none is. */
  get dueAt(): number {
    return this.#heap.first;
  }

  clear(): void {
    this.apps.clear();
    this.open.clear();
    this.#heap = new DueHeap();
  }

  /** Reads an app anew. */
  async load(app: string): Promise<AppBook> {
    const kept = await readSchedules(this.store, app);
    const former = this.apps.get(app);
    const book = bookOf(app, kept);
    let walked = 0;
    for (const entry of book.entries.values()) {
      const known = former?.entries.get(entry.schedule.job);
      if (known && isAsKnown(entry, known)) entry.dueAt = known.dueAt;
      else entry.dueAt = this.#firstOf(entry);
      if (++walked % AT_ONCE === 0) await new Promise(resolve => setImmediate(resolve));
    }
    this.apps.set(app, book);
    this.#arrange();
    return book;
  }

  /** What is known of this schedule has changed: its next fire is due then. */
  track(entry: Entry, dueAt: number | null): void {
    entry.dueAt = dueAt;
    if (dueAt !== null && entry.queuedFor !== dueAt) {
      this.#heap.push(dueAt, entry);
      entry.queuedFor = dueAt;
    }
    // To the end: where many are open, each has its turn.
    this.open.delete(entry);
    if (isOpen(entry.state)) this.open.add(entry);
  }

  /** Takes out those that are due. */
  take(now: number): Entry[] {
    const due = this.#heap.take(now);
    for (const entry of due) entry.queuedFor = null;
    return due;
  }

  /**
   * What is found out about a schedule. One that cannot be understood (a zone that this Node does not know) is told and set aside, until it is read anew or another one takes its place.
   * @returns `null` where it is set aside
   */
  understood<Found>(entry: Entry, find: (entry: Entry) => Found): Found | null {
    try {
      return find(entry);
    } catch (cause) {
      const { app, schedule } = entry;
      const why = `schedule ${schedule.job} of app ${app} is set aside: ${(cause as Error).message}`;
      this.onFault(new Error(why, { cause }));
      this.track(entry, null);
      this.open.delete(entry);
      return null;
    }
  }

  #firstOf(entry: Entry): number | null {
    return this.understood(entry, ({ times, state }) => times.after(state.last)?.dueAt ?? null);
  }

  #arrange(): void {
    this.#heap = new DueHeap();
    this.open.clear();
    for (const { entries } of this.apps.values())
      for (const entry of entries.values()) {
        entry.queuedFor = null;
        this.track(entry, entry.dueAt);
      }
  }
}

function bookOf(app: string, { applied, schedules, states, pauses, byHand }: KeptSchedules): AppBook {
  const entries = new Map<string, Entry>();
  const rest = new Map(states);
  for (const schedule of schedules) {
    const { job } = schedule;
    const seen = rest.get(job);
    rest.delete(job);
    // One without a state was never applied by a script of ours.
    if (seen === undefined) continue;
    entries.set(job, {
      app,
      schedule,
      times: timesOf(app, schedule),
      state: JSON.parse(seen) as ScheduleState,
      seen,
      paused: pauses.get(job) ?? null,
      byHand: byHand.get(job) ?? null,
      dueAt: null,
      queuedFor: null,
    });
  }
  const left = new Map([...rest].filter(([, text]) => isOpen(JSON.parse(text) as ScheduleState)));
  return { applied, entries, left, idle: new Map([...rest].filter(([name]) => !left.has(name))) };
}

const isOpen = ({ held, waiting }: ScheduleState): boolean => held.length + waiting.length > 0;

/** Then its next fire is, too: to find it takes a while. */
const isAsKnown = (entry: Entry, known: Entry): boolean =>
  known.seen === entry.seen && JSON.stringify(known.schedule) === JSON.stringify(entry.schedule);

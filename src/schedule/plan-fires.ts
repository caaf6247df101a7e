import {
  type Fate,
  type HeldFire,
  MAX_AGE_MS,
  MAX_MISSED,
  type Schedule,
  type SchedulePause,
  type ScheduleState,
  type WaitingFire,
} from '../model/schedule.js';
import { formatDuration } from '../platform/duration.js';
import { dueTicks, type Tick, type Times } from './times.js';

/** A fire that is noticed within this after it was due is on time, ms. */
export const ON_TIME_MS = 10_000;

export const isOnTime = ({ dueAt }: Pick<Tick, 'dueAt'>, now: number): boolean => now - dueAt <= ON_TIME_MS;

export const leftOutReason = (day: string): string => `${day} is left out (except)`;

export const passedReason = (last: number, next: number): string =>
  `and so all from ${iso(last)} to ${iso(next)}: more were missed than are told one by one`;

/** What bears on the fires of one schedule now. */
export interface Situation {
  /** By the clock of Redis, ms. */
  now: number;
  paused: SchedulePause | null;
  /** What holds the intake of its queue; `null`: nothing. */
  hold: { reason: string; window?: string } | null;
  /** ID of its run that has not ended; `null`: there is none. */
  busy: string | null;
  /** How many late fires of the app may start now. */
  room: number;
}

/** As the ledger is to have it. */
interface PlannedFire extends Pick<HeldFire, 'at' | 'window'> {
  fate: Fate;
  reason: string;
}

export interface FirePlan {
  /** Those that get a fate, or another one, the oldest first. `ran` and `late` start. */
  fires: PlannedFire[];
  /** But for `run`, which whoever starts them knows. */
  state: ScheduleState;
  /** The run that is on is to be cancelled. */
  replaces: boolean;
  /** How many start late. */
  late: number;
  /** When the next fire is due, ms; `null`: none comes any more. */
  dueAt: number | null;
}

type Rules = Pick<Schedule, 'missed' | 'overlap' | 'maxMissed' | 'maxAgeMs'>;

/**
 * The fates of all fires of a schedule that are due, held or waiting: pure, so that every server comes to the same from the same. README.md of this folder has the
 * rules in a table.
 */
export function planFires(rules: Rules, times: Times, state: ScheduleState, now: Situation): FirePlan {
  return new Plan(rules, state, now).of(times);
}

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

class Plan {
  readonly #fires = new Map<number, PlannedFire>();
  readonly #most: number;
  #held: HeldFire[];
  #waiting: WaitingFire[];
  #replaces = false;
  #late = 0;
  #started: number | null = null;
  /** Missed ones in whose place another one comes. */
  #replaced: { fires: HeldFire[]; by: number } = { fires: [], by: 0 };

  constructor(
    private readonly rules: Rules,
    private readonly state: ScheduleState,
    private readonly situation: Situation,
  ) {
    this.#held = [...state.held];
    this.#waiting = [...state.waiting];
    this.#most = rules.maxMissed ?? MAX_MISSED;
  }

  of(times: Times): FirePlan {
    const { last } = this.state;
    const { ticks, passed, next } = dueTicks(times, last, this.situation.now);
    if (passed) this.#decide(passed, 'skipped', passedReason(last, ticks[0]!.at));
    this.#settle(this.#wanted(ticks));
    return {
      fires: [...this.#fires.values()].sort((a, b) => a.at - b.at),
      state: { ...this.state, last: ticks.at(-1)?.at ?? last, held: this.#held, waiting: this.#waiting },
      replaces: this.#replaces,
      late: this.#late,
      dueAt: next?.dueAt ?? null,
    };
  }

  /** Without those that nobody wants, and all of them where a person lets the schedule rest. */
  #wanted(ticks: Tick[]): Tick[] {
    const { paused } = this.situation;
    const wanted = ticks.filter(tick => {
      if (tick.leftOut !== null) this.#decide(tick, 'skipped', leftOutReason(tick.leftOut));
      return tick.leftOut === null;
    });
    if (!paused) return wanted;
    const why = `paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ''}`;
    for (const fire of [...this.#held, ...this.#waiting, ...wanted]) this.#decide(fire, 'skipped', why);
    this.#held = [];
    this.#waiting = [];
    return [];
  }

  #settle(fresh: Tick[]): void {
    if (this.situation.hold) return this.#hold(fresh);
    const missed: HeldFire[] = this.#held;
    const onTime: Tick[] = [];
    for (const tick of fresh)
      if (isOnTime(tick, this.situation.now)) onTime.push(tick);
      else missed.push({ at: tick.at });
    this.#held = [];
    this.#takeMissed(
      missed.filter(fire => this.#isYoung(fire)),
      onTime[0],
    );
    const known = new Set(this.state.waiting.map(({ at }) => at));
    const waiting = [...this.#waiting, ...onTime.map(({ at }) => ({ at, missed: false }))];
    this.#waiting = [];
    const onTimes = new Set(onTime.map(({ at }) => at));
    for (const fire of waiting.sort((a, b) => a.at - b.at))
      if (!fire.missed || this.#isYoung(fire)) this.#start(fire, onTimes.has(fire.at), known.has(fire.at));
    this.#keepNewest(this.#waiting, 'skipped', `more than ${this.#most} waited (maxMissed)`);
    this.#tellReplaced();
  }

  /** They shared the lot of the one in their place: where that does not run either, so it is told. */
  #tellReplaced(): void {
    const { fires, by } = this.#replaced;
    const other = this.#fires.get(by);
    const [fate, why] =
      other?.fate === 'skipped'
        ? ([
            'skipped',
            `the one of ${iso(by)} was to take its place (missed: latest), and ${other.reason}`,
          ] as const)
        : (['coalesced', `the one of ${iso(by)} takes its place (missed: latest)`] as const);
    for (const fire of fires) this.#decide(fire, fate, why);
  }

  /** Its queue is held: what becomes of its fires is not said before it is not. */
  #hold(fresh: Tick[]): void {
    const { reason, window } = this.situation.hold!;
    for (const { at } of fresh) {
      const fire: HeldFire = { at, held: true, ...(window && { window }) };
      this.#held.push(fire);
      this.#decide(fire, 'held', reason);
    }
    const [fate, why] =
      this.rules.missed === 'latest'
        ? ([
            'coalesced',
            'later ones were held too, and the latest takes its place (missed: latest)',
          ] as const)
        : (['skipped', `more than ${this.#most} were held (maxMissed)`] as const);
    this.#keepNewest(this.#held, fate, why);
  }

  /** @param next the first that came on time. */
  #takeMissed(missed: HeldFire[], next: Tick | undefined): void {
    switch (this.rules.missed) {
      case 'skip':
        for (const fire of missed) this.#decide(fire, 'skipped', `${this.#why(fire)} (missed: skip)`);
        return;
      case 'all': {
        this.#waiting.push(...missed.map(fire => ({ ...fire, missed: true })));
        const late = this.#waiting.filter(fire => fire.missed).sort((a, b) => a.at - b.at);
        this.#keepNewest(late, 'skipped', `more than ${this.#most} were missed (maxMissed)`);
        this.#waiting = [...this.#waiting.filter(fire => !fire.missed), ...late];
        return;
      }
      case 'latest': {
        const all = [...this.#waiting.filter(fire => fire.missed), ...missed].sort((a, b) => a.at - b.at);
        const taken = next ? undefined : all.pop();
        const place = next ?? taken;
        this.#replaced = { fires: all, by: place?.at ?? 0 };
        this.#waiting = this.#waiting.filter(fire => !fire.missed);
        if (taken) this.#waiting.push({ ...taken, missed: true });
      }
    }
  }

  /** Starts a fire, or says why it does not; what waits already waits before it. */
  #start(fire: WaitingFire, onTime: boolean, known: boolean): void {
    const { busy, now } = this.situation;
    const before = this.#waiting[0];
    const blocked = before ? `the one of ${iso(before.at)} has not run yet` : this.#running(busy);
    if (blocked !== null) return this.#overlap(fire, blocked, before === undefined, known);
    if (fire.missed && this.#late >= this.situation.room)
      return this.#wait(
        fire,
        'part of a backlog that is released at a rate (schedules.backlogPerSecond)',
        known,
      );
    if (fire.missed) this.#late++;
    this.#started = fire.at;
    if (onTime) this.#decide(fire, 'ran', 'on time');
    else this.#decide(fire, 'late', `${this.#why(fire)}, ${formatDuration(now - fire.at)} late`);
  }

  #running(busy: string | null): string | null {
    if (this.#started !== null) return `the one of ${iso(this.#started)} has only just begun`;
    return busy === null ? null : `run ${busy} has not ended`;
  }

  #overlap(fire: WaitingFire, blocked: string, first: boolean, known: boolean): void {
    const { missed, overlap } = this.rules;
    if (fire.missed && missed === 'all')
      return this.#wait(fire, `${blocked}, and missed ones run one after another (missed: all)`, known);
    switch (overlap) {
      case 'skip':
        return this.#decide(fire, 'skipped', `${blocked} (overlap: skip)`);
      case 'queue':
        return this.#wait(fire, `${blocked} (overlap: queue)`, known);
      case 'replace': {
        const replaced = this.#waiting.filter(other => !(other.missed && missed === 'all'));
        for (const other of replaced)
          this.#decide(other, 'skipped', `the one of ${iso(fire.at)} replaces it (overlap: replace)`);
        this.#waiting = this.#waiting.filter(other => !replaced.includes(other));
        this.#replaces ||= first || this.#waiting.length === 0;
        return this.#wait(fire, `${blocked}: it is cancelled first (overlap: replace)`, known);
      }
    }
  }

  /** What waited before has been told so. */
  #wait(fire: WaitingFire, reason: string, known: boolean): void {
    this.#waiting.push(fire);
    if (!known) this.#decide(fire, 'held', reason);
  }

  #keepNewest(fires: HeldFire[], fate: Fate, reason: string): void {
    const beyond = fires.splice(0, Math.max(0, fires.length - this.#most));
    for (const fire of beyond) this.#decide(fire, fate, reason);
  }

  #isYoung(fire: HeldFire): boolean {
    const { maxAgeMs = MAX_AGE_MS } = this.rules;
    if (this.situation.now - fire.at <= maxAgeMs) return true;
    this.#decide(fire, 'skipped', `${this.#why(fire)}, more than ${formatDuration(maxAgeMs)} ago (maxAge)`);
    return false;
  }

  /** Why it did not start when it was due. */
  #why(fire: HeldFire | WaitingFire): string {
    if (fire.window) return `held by window ${fire.window}`;
    if (fire.held) return 'its queue was held';
    if (fire.release) return `its schedule changed with release ${fire.release}`;
    return 'missed' in fire && !fire.missed
      ? 'it waited for the run before it'
      : 'nobody was there when it was due';
  }

  #decide({ at, window }: HeldFire, fate: Fate, reason: string): void {
    this.#fires.set(at, { at, fate, reason, ...(window && { window }) });
  }
}

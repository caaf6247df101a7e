import type { ScheduleManifest } from './release.js';

/** A schedule of an app as it applies now: what the release says of it, and where its runs go. Its name is that of its job or workflow. */
export interface Schedule extends ScheduleManifest {
  queue: string;
}

export const FATES = ['ran', 'late', 'coalesced', 'skipped', 'held'] as const;
/**
 * `ran`: on time. `late`: it was missed or held, and ran afterwards. `coalesced`: another fire ran in its place. `skipped`: it never runs. `held`: it cannot start yet, and
 * gets one of the others later.
 */
export type Fate = (typeof FATES)[number];

/** How many fires have each fate; those that none has are left out. */
export type Fates = Partial<Record<Fate, number>>;
export function fatesOf(fires: { fate: Fate }[]): Fates {
  const fates: Fates = {};
  for (const { fate } of fires) fates[fate] = (fates[fate] ?? 0) + 1;
  return fates;
}

/** One due instant of a schedule, and what became of it. */
export interface Fire {
  schedule: string;
  app: string;
  /** The instant of the cron pattern, ISO 8601 in UTC; jitter is not in it. */
  at: string;
  fate: Fate;
  /** A sentence for people. */
  reason: string;
  /** ID of its run; `null` where it has none, or none yet. */
  run: string | null;
  /** ID of the window that held it; absent where none did. */
  window?: string;
}

/** A fire that cannot start while its queue is held. What becomes of it follows `missed`, once it can. */
export interface HeldFire {
  /** ms. */
  at: number;
  /** ID of the window that held it. */
  window?: string;
  /** Its queue was held when it was due; else nobody was there, or it waits for another reason. */
  held?: true;
  /** ID of the release with which its schedule changed, or went, when its instant had come and it had not begun. */
  release?: string;
}

/** A fire that is to run and waits for its turn: for the end of the run before it, or for its share of a backlog. */
export interface WaitingFire extends HeldFire {
  /** It was missed or held; else it came on time and only waits for the run before it. */
  missed: boolean;
}

/** What is kept of a schedule beside the set that applies, under app and name: it survives releases. */
export interface ScheduleState {
  /** Up to here every fire has a fate, `held` included, ms. Never goes back. */
  last: number;
  /** The oldest first, as in `waiting`. */
  held: HeldFire[];
  waiting: WaitingFire[];
  /** The run of the latest fire that ran: the one that `overlap` is about. */
  run: { queue: string; id: string; at: number } | null;
}

/** A person lets a schedule rest: its fires are `skipped`. It outlives releases. */
export interface SchedulePause {
  by: string;
  /** ISO 8601. */
  at: string;
  reason: string | null;
}

/** What is applied to an app. */
export interface AppliedSet {
  release: string;
  /** When, ms. */
  at: number;
  /** ID of the window that brought the release and was not over then: should it take it back, what went comes back as it was. */
  window?: string;
}

/** A fire that is recorded as one that runs, and is not yet known to be in its queue. */
export interface UnsentFire {
  app: string;
  schedule: string;
  queue: string;
  job: string;
  /** ID of the run. */
  id: string;
  /** ISO 8601. */
  scheduledFor: string;
  payload: unknown;
}

/** @param id of its run. @param at its instant, ms. */
export const unsentFire = (
  app: string,
  { job, queue, payload }: Pick<Schedule, 'job' | 'queue' | 'payload'>,
  id: string,
  at: number,
): UnsentFire => ({ app, schedule: job, queue, job, id, scheduledFor: new Date(at).toISOString(), payload });

/** The ID of the run of a fire: the same fire has the same run, whoever asks for it. */
export const fireRunId = (app: string, schedule: string, at: number): string =>
  `${app}.${schedule}.${new Date(at).toISOString().replaceAll(/[-:]|\.000/g, '')}`;

/** How many fires of a schedule run late where its author says nothing, and how old they may be, ms. */
export const MAX_MISSED = 100;
export const MAX_AGE_MS = 7 * 86_400_000;

/** How the schedules of an app change with a release: names, and of those that stay what is another. */
export interface SchedulesDiff {
  added: string[];
  removed: string[];
  changed: { schedule: string; fields: { field: string; from: unknown; to: unknown }[] }[];
}

import type { Window } from './window.js';

type Optional =
  | 'strategy'
  | 'rolling'
  | 'canary'
  | 'hooks'
  | 'probes'
  | 'watch'
  | 'announceMs'
  | 'requiresApproval';

/** What a window is declared with, but for its release and its time. */
export type WindowFields = Pick<Window, 'reason' | 'drainTimeoutMs' | 'onDrainTimeout' | 'maxDurationMs'> & {
  [Field in Optional]?: Window[Field] | undefined;
};

/** A recurring window: when it comes, and what each window that it makes is declared with. */
export interface WindowSchedule extends WindowFields {
  id: string;
  app: string;
  /** Five fields, or six with seconds in front. */
  cron: string;
  /** IANA name of the clock that it goes by (`src/platform/cron.ts`). */
  timezone: string;
  /** No fire, until a person lets it go on. */
  paused: boolean;
  createdBy: string;
  createdAt: string;
}

export const WINDOW_FATES = ['opened', 'skipped', 'refused', 'missed'] as const;
/**
 * `opened`: it has a window. `skipped`: there was nothing to deploy. `refused`: by a freeze, another window, or since the release does not fit what the schedule says.
 * `missed`: no server was there within the time that its window would have had, or a later fire took its place.
 */
type WindowFate = (typeof WINDOW_FATES)[number];

/** One due instant of a recurring window, and what became of it. */
export interface WindowFire {
  schedule: string;
  app: string;
  at: string;
  fate: WindowFate;
  reason: string;
  /** ID, where one was opened. */
  window: string | null;
}

/** Who makes the windows of a schedule, as `createdBy` says it. */
export const scheduleOwner = (schedule: { id: string }): string => `schedule:${schedule.id}`;

/** What is left of the time of a window for its drain, when all that is sure to take its time has had it, ms. */
export function roomToDrain({ maxDurationMs, watch, canary }: WindowFields): number {
  const steps = canary ? canary.steps.length * canary.stepMs : 0;
  return Math.max(0, maxDurationMs - (watch?.durationMs ?? 0) - steps);
}

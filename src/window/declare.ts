import type { Release } from '../model/release.js';
import type { Window } from '../model/window.js';
import { WINDOW_DEFAULTS } from '../model/window-defaults.js';
import { formatDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import { newId } from '../platform/ids.js';
import { readIntent } from '../store/intents.js';
import { redisNow, type Store } from '../store/redis.js';
import { getRelease } from '../store/releases.js';
import { createWindow } from '../store/windows.js';

/** What a person declares, its durations read already. */
export interface WindowInput {
  /** ID, digest, or the beginning of one. */
  release: string;
  /** Checked against the release, if given. */
  app?: string | undefined;
  /** ISO 8601; left out: now. */
  startsAt?: string | undefined;
  reason: string;
  createdBy: string;
  drainTimeoutMs: number;
  onDrainTimeout: 'abort' | 'force';
  maxDurationMs: number;
}

/** How far in the past a start may lie and still mean "now": clocks of clients differ. */
const TOLERANCE_MS = 5_000;

/**
 * Declares a window: from here on the engine has it.
 * @throws SlackwaterError `not-found` (the release), `bad-request` with pointers, `conflict` (an overlap, or the release is current already).
 */
export async function declareWindow(
  store: Store,
  input: WindowInput,
  options: { now?: number } = {},
): Promise<Window> {
  const { window } = await draft(store, input, options.now);
  return createWindow(store, window);
}

/** A window that is checked but not stored, and the releases it is about. */
export async function draft(
  store: Store,
  input: WindowInput,
  at?: number,
): Promise<{ window: Window; release: Release; previous: Release | null }> {
  const now = at ?? (await redisNow(store.redis));
  const release = await getRelease(store, input.release);
  checkFields(input, release, now);
  const current = (await readIntent(store, release.app))?.release ?? null;
  if (current === release.id) {
    throw new SlackwaterError(
      'conflict',
      `release ${release.id} is current already: there is nothing to deploy`,
      [{ pointer: '/release', detail: `is what app ${release.app} runs now` }],
    );
  }
  const previous = current === null ? null : await getRelease(store, current);
  return { window: windowOf(input, release, previous, now), release, previous };
}

function checkFields(input: WindowInput, release: Release, now: number): void {
  const bad = (pointer: string, detail: string, message: string) => {
    throw new SlackwaterError('bad-request', message, [{ pointer, detail }]);
  };
  if (input.app !== undefined && input.app !== release.app) {
    bad(
      '/app',
      `release ${release.id} is of app ${release.app}`,
      `release ${release.id} belongs to app ${release.app}, not ${input.app}: leave "app" out or name a release of ${input.app}`,
    );
  }
  const startsAt = input.startsAt === undefined ? now : Date.parse(input.startsAt);
  if (Number.isNaN(startsAt)) {
    bad('/startsAt', 'must be an ISO 8601 time', `${input.startsAt} is not a time: write it as ISO 8601`);
  }
  if (startsAt < now - TOLERANCE_MS) {
    bad(
      '/startsAt',
      `is ${formatDuration(now - startsAt)} in the past`,
      `a window cannot start in the past (${input.startsAt}): leave "startsAt" out to start now`,
    );
  }
  if (input.drainTimeoutMs > input.maxDurationMs) {
    bad(
      '/drainTimeout',
      `must not be longer than maxDuration (${formatDuration(input.maxDurationMs)})`,
      `a drain of ${formatDuration(input.drainTimeoutMs)} does not fit into a window of ${formatDuration(input.maxDurationMs)}: shorten "drainTimeout" or give "maxDuration" more`,
    );
  }
}

function windowOf(input: WindowInput, release: Release, previous: Release | null, now: number): Window {
  const createdAt = new Date(now).toISOString();
  const startsAt = Math.max(now, input.startsAt === undefined ? now : Date.parse(input.startsAt));
  const queues = [...release.jobs, ...(previous?.jobs ?? [])].map(job => job.queue);
  return {
    ...WINDOW_DEFAULTS,
    id: newId('win', now),
    app: release.app,
    version: 1,
    release: release.id,
    previousRelease: previous?.id ?? null,
    phase: 'scheduled',
    outcome: null,
    reason: input.reason,
    createdBy: input.createdBy,
    createdAt,
    startsAt: new Date(startsAt).toISOString(),
    finishedAt: null,
    queues: [...new Set(queues)].sort(),
    drainTimeoutMs: input.drainTimeoutMs,
    onDrainTimeout: input.onDrainTimeout,
    maxDurationMs: input.maxDurationMs,
    proofRound: 0,
    request: null,
    phases: [
      {
        phase: 'scheduled',
        at: createdAt,
        ms: null,
        because: `declared by ${input.createdBy}: ${input.reason}`,
      },
    ],
    runs: { inFlight: 0, yielded: 0, finished: 0, forced: 0 },
    blockers: [],
    refusals: [],
    summary: null,
    hosts: [],
  };
}

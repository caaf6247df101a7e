import { queuesOf } from '../model/manifest.js';
import type { Release } from '../model/release.js';
import type { Window } from '../model/window.js';
import { CANARY, ROLLING, WINDOW_DEFAULTS } from '../model/window-defaults.js';
import { SlackwaterError } from '../platform/errors.js';
import { newId } from '../platform/ids.js';
import { readIntent } from '../store/intents.js';
import { redisNow, type Store } from '../store/redis.js';
import { getRelease } from '../store/releases.js';
import { createWindow, openWindows } from '../store/windows.js';
import { checkFields } from './declare-checks.js';
import { type TaskLimits, tasksOf } from './declare-tasks.js';
import { targetOf } from './direction.js';
import type { WindowInput } from './window-input.js';

/** Limits left out: what the configuration has where nobody changed it. */
interface DeclareOptions extends Partial<TaskLimits> {
  /** ms; left out: the time of Redis. */
  now?: number;
}

const limitsOf = ({ payloadBytes = 1_048_576, commands = true }: DeclareOptions): TaskLimits => ({
  payloadBytes,
  commands,
});

/**
 * Declares a window: from here on the engine has it.
 * @throws SlackwaterError `not-found` (the release), `invalid-body` with pointers, `conflict` (an overlap, the release is current already, or there
 * is none from which to go over one by one).
 */
export async function declareWindow(
  store: Store,
  input: WindowInput,
  options: DeclareOptions = {},
): Promise<Window> {
  const { window } = await draft(store, input, options);
  return createWindow(store, window);
}

/** A window that is checked but not stored, and the releases it is about. */
export async function draft(
  store: Store,
  input: WindowInput,
  options: DeclareOptions = {},
): Promise<{ window: Window; release: Release; previous: Release | null }> {
  const now = options.now ?? (await redisNow(store.redis));
  const release = await getRelease(store, input.release);
  checkFields(input, release, now, limitsOf(options));
  const current = (await readIntent(store, release.app))?.release ?? null;
  if (current === release.id) throw await isCurrent(store, release);
  if (current === null && input.strategy !== undefined && input.strategy !== 'window') {
    throw new SlackwaterError(
      'conflict',
      `app ${release.app} runs nothing yet, so there is nothing to go over from: leave "strategy" out of its first window`,
      [{ pointer: '/strategy', detail: `${input.strategy} needs a release that runs` }],
    );
  }
  const previous = current === null ? null : await getRelease(store, current);
  return { window: windowOf(input, release, previous, now), release, previous };
}

/** What is current may still be left again, while a window of the app is under way. */
async function isCurrent(store: Store, { id, app }: Release): Promise<SlackwaterError> {
  const open = await openWindows(store);
  const other = open.find(window => window.app === app && window.phase !== 'scheduled');
  const goes =
    other && targetOf(other) === id
      ? 'goes to it and is not over'
      : `goes from it to ${other && targetOf(other)}`;
  const message = other
    ? `release ${id} is current, and window ${other.id} (${other.outcome ?? other.phase}) ${goes}: see \`slackwater window show ${other.id}\``
    : `release ${id} is current already: there is nothing to deploy`;
  return new SlackwaterError('conflict', message, [
    { pointer: '/release', detail: `is what app ${app} runs now` },
  ]);
}

function windowOf(input: WindowInput, release: Release, previous: Release | null, now: number): Window {
  const createdAt = new Date(now).toISOString();
  const startsAt = Math.max(now, input.startsAt === undefined ? now : Date.parse(input.startsAt));
  const queues = [...queuesOf(release), ...(previous ? queuesOf(previous) : [])];
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
    scheduledBy: input.scheduledBy ?? null,
    createdAt,
    startsAt: new Date(startsAt).toISOString(),
    finishedAt: null,
    queues: [...new Set(queues)].sort(),
    drainTimeoutMs: input.drainTimeoutMs,
    onDrainTimeout: input.onDrainTimeout,
    maxDurationMs: input.maxDurationMs,
    ...plannedOf(input),
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

/** What to do in it, and how. */
function plannedOf(input: WindowInput) {
  const { strategy = 'window', hooks = [], probes = [], watch = null } = input;
  return {
    strategy,
    rolling: strategy === 'rolling' ? (input.rolling ?? ROLLING) : null,
    canary: strategy === 'canary' ? (input.canary ?? CANARY) : null,
    hooks,
    probes,
    watch,
    tasks: tasksOf(input),
    announceMs: input.announceMs ?? 0,
    requiresApproval: input.requiresApproval ?? false,
  };
}

import { newTally } from '../../src/host/tally.js';
import type { Freeze } from '../../src/model/freeze.js';
import type { HostAppStatus, HostStatus, Intent, Refusal, WindowTally } from '../../src/model/intent.js';
import type { Phase, Window } from '../../src/model/window.js';
import { WINDOW_DEFAULTS } from '../../src/model/window-defaults.js';

/** The moment of all samples; nothing in them depends on the real time. */
export const T0 = Date.parse('2030-01-01T00:00:00.000Z');
export const iso = (ms: number): string => new Date(ms).toISOString();
export const REVISION = 7;

export function sampleWindow(change: Partial<Window> = {}): Window {
  return {
    ...WINDOW_DEFAULTS,
    id: 'win-1',
    app: 'billing',
    version: 1,
    release: 'new',
    previousRelease: 'old',
    phase: 'scheduled',
    outcome: null,
    reason: 'weekly deploy',
    createdBy: 'ops',
    createdAt: iso(T0),
    startsAt: iso(T0),
    finishedAt: null,
    queues: ['reports'],
    drainTimeoutMs: 60_000,
    onDrainTimeout: 'abort',
    maxDurationMs: 600_000,
    proofRound: 0,
    request: null,
    phases: [{ phase: 'scheduled', at: iso(T0), ms: null, because: 'declared' }],
    runs: { inFlight: 0, yielded: 0, finished: 0, forced: 0 },
    blockers: [],
    refusals: [],
    summary: null,
    hosts: [],
    ...change,
  };
}

/** A window that entered this phase at `T0`. */
export function windowIn(phase: Phase, change: Partial<Window> = {}): Window {
  return sampleWindow({
    phase,
    proofRound: 1,
    endsBy: iso(T0 + 600_000),
    drainDeadline: phase === 'preparing' ? null : iso(T0 + 60_000),
    running: ['verifying', 'resuming', 'watching'].includes(phase) ? 'new' : 'old',
    routedAt: ['swapping', 'verifying', 'resuming', 'watching'].includes(phase) ? iso(T0) : null,
    phases: [{ phase, at: iso(T0), ms: null, because: 'test' }],
    ...change,
  });
}

export const sampleFreeze = (change: Partial<Freeze> = {}): Freeze => ({
  id: 'frz-1',
  app: null,
  from: iso(T0),
  to: iso(T0 + 86_400_000),
  reason: 'holidays',
  createdBy: 'ops',
  createdAt: iso(T0),
  ...change,
});

export function sampleIntent(change: Partial<Intent> = {}): Intent {
  return {
    app: 'billing',
    revision: REVISION,
    term: 1,
    window: 'win-1',
    release: 'old',
    standby: 'new',
    gate: 'open',
    drain: false,
    force: false,
    arriveAt: null,
    moved: [],
    share: 0,
    proofRound: 1,
    until: null,
    ...change,
  };
}

/** A host that has answered the intent: ready, proven and still, on the old release. */
export function sampleHost(
  id: string,
  app: Partial<HostAppStatus> | null = {},
  change: Partial<HostStatus> = {},
): HostStatus {
  return {
    id,
    hostname: id,
    pid: 1,
    version: '0',
    workers: 2,
    queues: null,
    startedAt: iso(T0),
    seenAt: iso(T0),
    leaving: false,
    apps: app === null ? {} : { billing: { ...sampleApp(), ...app } },
    ...change,
  };
}

function sampleApp(): HostAppStatus {
  return {
    revision: REVISION,
    release: 'old',
    standby: { release: 'new', state: 'ready', error: null },
    gate: 'closed',
    running: 0,
    waiting: 0,
    resuming: 0,
    blockers: [],
    refusals: [],
    proving: 0,
    proof: sampleProof(),
    tally: null,
  };
}

export const sampleProof = (change: object = {}) => ({
  round: 1,
  done: true,
  checkpoints: 3,
  ms: 4,
  refusals: [],
  refused: 0,
  oneWay: [],
  ...change,
});

export const sampleRefusal: Refusal = {
  run: 'run-9',
  job: 'invoice',
  queue: 'reports',
  from: 1,
  to: 2,
  direction: 'up',
  path: '/line',
  message: 'expected number',
};

export const sampleTally = (change: Partial<WindowTally> = {}): WindowTally => ({
  ...newTally('win-1'),
  ...change,
});

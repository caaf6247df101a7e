import { expect } from 'vitest';
import type { RunRecord } from '../../../src/model/intent.js';
import type { Watch, Window } from '../../../src/model/window.js';
import { NO_RECORD } from '../../../src/model/window-defaults.js';
import { LIMITS } from '../../../src/window/facts.js';
import { iso, sampleHost, sampleRefusal, T0, windowIn } from '../../support/window-samples.js';
import { ask, type Case } from './case.js';
import { hook, running, task, withHook } from './tasks.js';

export const watch: Watch = {
  durationMs: 300_000,
  minRuns: 20,
  maxFailureRate: 0.2,
  maxCrashes: 3,
  maxParked: 0,
};
const record = (change: Partial<RunRecord>): RunRecord => ({ ...NO_RECORD, ...change });
const base = record({ completed: 1_000, failed: 500, crashes: 9, parked: 9 });

/** Since intake reopened, on top of what the release had done in an earlier life. */
export const seen = (fresh: Partial<RunRecord>, old: Partial<RunRecord> = { completed: 100, failed: 5 }) => ({
  records: {
    new: record({
      completed: base.completed + (fresh.completed ?? 0),
      failed: base.failed + (fresh.failed ?? 0),
      crashes: base.crashes + (fresh.crashes ?? 0),
      parked: base.parked + (fresh.parked ?? 0),
    }),
    old: record(old),
  },
});

export const watched = { baseline: base, new: NO_RECORD, old: NO_RECORD };
const watching = (change: Partial<Window> = {}): Window =>
  windowIn('watching', { watch, watched, ...change });

/** Turned round while it was watched: hosts run the new release. */
const turned = (
  from: 'watching' | 'verifying' | 'swapping',
  change: Partial<Window> = {},
): Partial<Window> => ({
  rollback: { because: 'half of it failed', at: iso(T0), from, hadMoved: from !== 'swapping' },
  running: from === 'swapping' ? 'old' : 'new',
  routedAt: null,
  proofRound: 0,
  ...change,
});

const onNew = [sampleHost('a', { release: 'new', standby: { release: 'old', state: 'ready', error: null } })];
const home = [sampleHost('a', { release: 'old', standby: null })];
const undo = { hooks: [hook('undo', 'undo')], tasks: [task('undo', 'undo')] };
const undoing = (state: Partial<(typeof undo.tasks)[0]>) => ({
  ...undo,
  tasks: [task('undo', 'undo', state)],
});

const comingIn = (estimateMs: number) => ({
  run: 'r',
  job: 'slow',
  lastCheckpointAt: null,
  stoppable: true,
  estimateMs,
});

export const BACK_CASES: Case[] = [
  // Intake has opened by itself at the end of the window, with no server there: runs compute, and come in first.
  ...(['verifying', 'swapping'] as const).map<Case>(phase => ({
    when: 'it goes back, and runs compute',
    window: windowIn(phase, {
      ...(phase === 'verifying' ? undo : {}),
      routedAt: phase === 'verifying' ? iso(T0) : null,
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 1 })],
    at: T0 + 600_000,
    to: 'draining',
    set: { rollback: expect.objectContaining({ from: phase }) },
  })),
  {
    when: 'a breaking hook failed and runs compute',
    window: windowIn('swapping', {
      ...withHook('stopped', { state: 'failed', error: 'exit 1' }),
      routedAt: null,
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 1 })],
    to: 'draining',
  },
  {
    when: 'a breaking hook is to begin and runs compute',
    window: windowIn('swapping', { ...withHook('stopped'), routedAt: null }),
    hosts: [sampleHost('a', { gate: 'open', running: 1 })],
  },

  // watching
  {
    when: 'a watch is asked for',
    window: windowIn('resuming', { watch }),
    hosts: onNew,
    to: 'watching',
  },
  {
    when: 'nothing is known against the new release',
    window: watching(),
    hosts: onNew,
    seen: seen({ completed: 50 }),
  },
  {
    when: 'its runs fail, but too few have ended to say so',
    window: watching(),
    hosts: onNew,
    seen: seen({ failed: 19 }),
  },
  {
    when: 'its runs fail more than is allowed, and more than before',
    window: watching(),
    hosts: onNew,
    seen: seen({ completed: 10, failed: 10 }),
    to: 'draining',
    because:
      /50 % of 20 ends failed on the new release \(20 % allowed; 4.8 % on the former one\): it goes back/,
    set: { routedAt: null, proofRound: 0, forced: false },
  },
  {
    when: 'its runs fail no more than they always did',
    window: watching(),
    hosts: onNew,
    seen: seen({ completed: 10, failed: 10 }, { completed: 40, failed: 60 }),
  },
  {
    when: 'its runs end their workers',
    window: watching(),
    hosts: onNew,
    seen: seen({ crashes: 4 }),
    to: 'draining',
    because: /4 workers died/,
  },
  {
    when: 'a run had to be parked',
    window: watching(),
    hosts: onNew,
    seen: seen({ parked: 1 }),
    to: 'draining',
    because: /1 run had to be parked/,
  },
  {
    when: 'it is aborted while it is watched',
    window: watching({ request: ask('abort') }),
    hosts: onNew,
    to: 'draining',
    because: /aborted by ann/,
    set: { request: null, endsBy: iso(T0 + 600_000) },
  },
  {
    when: 'it fails after a breaking hook that nothing undoes',
    window: watching({ ...withHook('stopped', { state: 'done' }) }),
    hosts: onNew,
    seen: seen({ parked: 1 }),
    to: 'done',
    outcome: 'held',
    because: /no hook is there to undo it/,
  },
  {
    when: 'it fails after a breaking hook that can be undone, late',
    window: watching({
      hooks: [hook('migrate', 'stopped'), hook('undo', 'undo')],
      tasks: [task('migrate', 'stopped', { state: 'done' }), task('undo', 'undo')],
      endsBy: iso(T0 + 1),
    }),
    hosts: onNew,
    seen: seen({ parked: 1 }),
    to: 'draining',
    set: { endsBy: iso(T0 + 60_000 + LIMITS.forceMs + LIMITS.swapMs) },
  },
  {
    when: 'its watch is over',
    window: watching(),
    hosts: onNew,
    seen: seen({ completed: 30 }),
    at: T0 + watch.durationMs,
    to: 'done',
    outcome: 'completed',
    because: /watched for 5m00s: 0 of 30 ends failed/,
  },
  {
    when: 'its watch is over and little has ended',
    window: watching(),
    hosts: onNew,
    seen: seen({ completed: 3 }),
    at: T0 + watch.durationMs,
    to: 'done',
    outcome: 'completed',
    because: /could not judge the new release: it needs 20 ends, and only 3 came, 0 of them failed/,
  },
  {
    when: 'its watch is over and all of the little that ended failed',
    window: watching(),
    hosts: onNew,
    seen: seen({ failed: 3 }),
    at: T0 + watch.durationMs,
    to: 'done',
    outcome: 'completed',
    because: /could not judge the new release: it needs 20 ends, and only 3 came, 3 of them failed/,
  },
  {
    when: 'its watch is over and nothing ended',
    window: watching(),
    hosts: onNew,
    seen: seen({}),
    at: T0 + watch.durationMs,
    to: 'done',
    outcome: 'completed',
    because: /could not judge the new release: it needs 20 ends, and nothing ended on it/,
  },
  {
    when: 'somebody has seen enough',
    window: watching({ request: ask('end') }),
    hosts: onNew,
    to: 'done',
    outcome: 'completed',
    because: /ended by ann/,
  },

  // draining, the other way
  {
    when: 'it goes back and a run still computes',
    window: windowIn('draining', turned('watching')),
    hosts: [sampleHost('a', { release: 'new', running: 1 })],
  },
  {
    when: 'it goes back and nothing runs any more, though a state cannot be brought down',
    window: windowIn('draining', turned('watching')),
    hosts: [sampleHost('a', { release: 'new', refusals: [sampleRefusal] })],
    to: 'swapping',
    set: { routedAt: iso(T0) },
  },
  {
    when: 'it goes back and something has to be undone first',
    window: windowIn('draining', turned('watching', undo)),
    hosts: onNew,
    to: 'swapping',
    set: { routedAt: null },
  },
  {
    when: 'it goes back and a run does not yield',
    window: windowIn('draining', turned('watching')),
    hosts: [sampleHost('a', { release: 'new', running: 1 })],
    at: T0 + 60_000,
    to: 'draining',
    because: /stopped by force/,
    set: { forced: true },
  },
  {
    when: 'it goes back and not even force stops a run',
    window: windowIn('draining', turned('watching', { forced: true })),
    hosts: [sampleHost('a', { release: 'new', running: 1 })],
    at: T0 + 60_000,
    to: 'swapping',
    because: /not stop all in time: a/,
  },

  // the slow ones first
  {
    when: 'slow runs are on their way in and the others compute on',
    window: windowIn('draining', { arriveAt: iso(T0 + 5_000) }),
    hosts: [sampleHost('a', { gate: 'open', running: 9, comingIn: 1 })],
  },
  {
    when: 'the slow runs have come in',
    window: windowIn('draining', { arriveAt: iso(T0 + 5_000) }),
    hosts: [sampleHost('a', { gate: 'open', running: 8, comingIn: 0 })],
    to: 'draining',
    because: /now the others/,
    set: { arriveAt: null },
  },
  {
    when: 'the slowest run came in sooner than was known, and the next one will sooner',
    window: windowIn('draining', { arriveAt: iso(T0 + 50_000) }),
    hosts: [sampleHost('a', { gate: 'open', running: 8, comingIn: 1, blockers: [comingIn(5_000)] })],
    to: 'draining',
    because: /sooner than was known/,
    set: { arriveAt: iso(T0 + 5_000) },
  },
  {
    when: 'a slow run has turned out slower',
    window: windowIn('draining', { arriveAt: iso(T0 + 5_000) }),
    hosts: [sampleHost('a', { gate: 'open', running: 8, comingIn: 1, blockers: [comingIn(50_000)] })],
  },
  {
    when: 'a slow run takes longer than was known',
    window: windowIn('draining', { arriveAt: iso(T0 + 5_000) }),
    hosts: [sampleHost('a', { gate: 'open', running: 9, comingIn: 1 })],
    at: T0 + 5_000,
    to: 'draining',
    because: /time for all/,
  },

  // swapping, the other way
  {
    when: 'it goes back and the undo hook is to begin',
    window: windowIn('swapping', turned('watching', undo)),
    hosts: onNew,
    to: 'swapping',
    because: /hook undo begins/,
  },
  {
    when: 'it goes back and the undo hook ends',
    window: windowIn('swapping', turned('watching', undoing(running))),
    hosts: onNew,
    seen: { signs: { 'hook:undo': { state: 'done', output: '', error: null } } },
    to: 'swapping',
    because: /hook undo is done/,
  },
  {
    when: 'it goes back and all is undone',
    window: windowIn('swapping', turned('watching', undoing({ state: 'done' }))),
    hosts: onNew,
    to: 'swapping',
    because: /it is undone: hosts go over to release old/,
    set: { routedAt: iso(T0) },
  },
  {
    when: 'it goes back and the undo hook failed',
    window: windowIn('swapping', turned('watching', undoing({ state: 'failed', error: 'exit 1' }))),
    hosts: onNew,
    to: 'done',
    outcome: 'held',
    because: /undo hook undo failed \(exit 1\)/,
  },
  {
    when: 'it goes back and nobody knows whether it was undone',
    window: windowIn('swapping', turned('watching', undoing({ state: 'unknown' }))),
    hosts: onNew,
    to: 'done',
    outcome: 'held',
  },
  {
    when: 'it goes back and a host is still on the new release',
    window: windowIn('swapping', turned('watching', { routedAt: iso(T0) })),
    hosts: onNew,
  },
  {
    when: 'it goes back and every host is on the former release',
    window: windowIn('swapping', turned('watching', { routedAt: iso(T0) })),
    hosts: home,
    to: 'resuming',
    because: /1 host on release old/,
  },
  {
    when: 'it goes back and runs go on',
    window: windowIn('resuming', turned('watching', { routedAt: iso(T0) })),
    hosts: home,
    to: 'done',
    outcome: 'rolled-back',
    because: /half of it failed. Intake is open again on release old/,
  },
  {
    when: 'it turned round before any host went over',
    window: windowIn('resuming', turned('swapping', { routedAt: iso(T0) })),
    hosts: home,
    to: 'done',
    outcome: 'aborted',
  },
];

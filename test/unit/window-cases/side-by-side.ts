import type { HostAppStatus } from '../../../src/model/intent.js';
import type { Window } from '../../../src/model/window.js';
import { LIMITS } from '../../../src/window/facts.js';
import { iso, sampleHost, sampleRefusal, T0, windowIn } from '../../support/window-samples.js';
import { seen, watch, watched } from './back.js';
import { ask, type Case } from './case.js';
import { hook, running, task, withProbes } from './tasks.js';

const rolling = (change: Partial<Window> = {}): Window =>
  windowIn('swapping', {
    strategy: 'rolling',
    rolling: { batch: 1, pauseMs: 5_000 },
    routedAt: null,
    watched,
    ...change,
  });

const canary = (change: Partial<Window> = {}): Window =>
  windowIn('swapping', {
    strategy: 'canary',
    canary: { steps: [0.1, 0.5], stepMs: 60_000 },
    routedAt: null,
    watch,
    watched,
    ...change,
  });

const onOld = (id: string, change: Partial<HostAppStatus> = {}) =>
  sampleHost(id, { gate: 'open', ...change });
const onNew = (id: string, change: Partial<HostAppStatus> = {}) =>
  sampleHost(id, { release: 'new', standby: null, gate: 'open', ...change });
const firstShare = { window: canary({ share: 0.1, sharedAt: iso(T0) }), hosts: [onOld('a')] };
const moved = (...ids: string[]) => ({ moved: ids, movedAt: iso(T0) });
const back = (change: Partial<Window> = {}) =>
  rolling({
    rollback: { because: 'it failed', at: iso(T0), from: 'swapping', hadMoved: true },
    routedAt: iso(T0),
    ...change,
  });
const undo = (state: object = {}) => ({
  hooks: [hook('undo', 'undo')],
  tasks: [task('undo', 'undo', state)],
});

export const SIDE_BY_SIDE_CASES: Case[] = [
  {
    when: 'every host is ready and nothing has to stop',
    window: windowIn('preparing', { strategy: 'rolling', rolling: { batch: 1, pauseMs: 0 } }),
    hosts: [onOld('a')],
    to: 'swapping',
    because: /1 host ready/,
  },
  {
    when: 'every host is ready, nothing has to stop, and probes are there',
    window: windowIn('preparing', { strategy: 'rolling', ...withProbes({}) }),
    hosts: [onOld('a')],
    to: 'verifying',
  },
  {
    when: 'probes have passed on standby workers',
    window: windowIn('verifying', { strategy: 'rolling', routedAt: null, ...withProbes({ state: 'done' }) }),
    hosts: [onOld('a')],
    to: 'swapping',
  },
  {
    when: 'a probe failed on standby workers',
    window: windowIn('verifying', {
      strategy: 'rolling',
      routedAt: null,
      ...withProbes({ state: 'failed' }),
    }),
    hosts: [onOld('a')],
    to: 'done',
    outcome: 'aborted',
    because: /Nothing was moved/,
  },

  // rolling
  {
    when: 'no host has moved yet',
    window: rolling(),
    hosts: [onOld('a'), onOld('b')],
    to: 'swapping',
    because: /a goes over to release new/,
    set: moved('a'),
  },
  {
    when: 'two may move at once',
    window: rolling({ rolling: { batch: 2, pauseMs: 0 } }),
    hosts: [onOld('a'), onOld('b'), onOld('c')],
    to: 'swapping',
    set: moved('a', 'b'),
  },
  { when: 'the first host is on its way', window: rolling(moved('a')), hosts: [onOld('a'), onOld('b')] },
  {
    when: 'runs of the first host have not gone on yet',
    window: rolling(moved('a')),
    hosts: [onNew('a', { resuming: 1 }), onOld('b')],
    at: T0 + 5_000,
  },
  {
    when: 'workers of the first host are not ready again',
    window: rolling(moved('a')),
    hosts: [onNew('a', { ready: 0 }), onOld('b')],
    at: T0 + 5_000,
  },
  {
    when: 'the first host works and the pause is not over',
    window: rolling(moved('a')),
    hosts: [onNew('a'), onOld('b')],
    at: T0 + 4_999,
  },
  {
    when: 'the first host works and the pause is over',
    window: rolling(moved('a')),
    hosts: [onNew('a'), onOld('b')],
    at: T0 + 5_000,
    to: 'swapping',
    set: { moved: ['a', 'b'], movedAt: iso(T0 + 5_000) },
  },
  {
    when: 'a host has joined that is not ready yet',
    window: rolling(moved('a')),
    hosts: [onNew('a'), onOld('b', { standby: null })],
    at: T0 + 5_000,
  },
  {
    when: 'a host that had moved is gone',
    window: rolling({ ...moved('a', 'b'), hosts: [{ id: 'a', release: 'new', phase: 'swapped' }] }),
    hosts: [onNew('b')],
    to: 'resuming',
  },
  {
    when: 'every host has moved and works',
    window: rolling(moved('a', 'b')),
    hosts: [onNew('a'), onNew('b')],
    to: 'resuming',
    because: /2 hosts on release new/,
    set: { moved: [], routedAt: iso(T0) },
  },
  { when: 'no host is there to move', window: rolling(moved('a')) },
  {
    when: 'it is aborted half-way',
    window: rolling({ ...moved('a'), request: ask('abort') }),
    hosts: [onNew('a'), onOld('b')],
    to: 'swapping',
    because: /aborted by ann: it goes back/,
    set: { moved: [], routedAt: iso(T0), request: null },
  },
  {
    when: 'its time is over half-way',
    window: rolling(moved('a')),
    hosts: [onNew('a'), onOld('b')],
    at: T0 + 600_000,
    to: 'swapping',
    because: /time was over/,
  },
  {
    when: 'a run of a moving host left a state that the new release cannot read',
    window: rolling(moved('a')),
    hosts: [onOld('a', { refusals: [sampleRefusal] })],
    to: 'swapping',
    because: /run-9.*goes back/,
    set: { refusals: [sampleRefusal] },
  },
  {
    when: 'the new release does not load on a host',
    window: rolling(moved('a')),
    hosts: [onNew('a'), onOld('b', { standby: { release: 'new', state: 'broken', error: 'no module' } })],
    to: 'swapping',
    because: /does not load on host b: no module/,
  },
  {
    when: 'the runs of a moving host do not yield',
    window: rolling(moved('a')),
    hosts: [onOld('a', { running: 1 })],
    at: T0 + 60_000,
    to: 'swapping',
    because: /a did not go over within 1m00s: it goes back/,
  },
  {
    when: 'the runs of a moving host do not yield, and force is allowed',
    window: rolling({ ...moved('a'), onDrainTimeout: 'force' }),
    hosts: [onOld('a', { running: 1 })],
    at: T0 + 60_000,
    to: 'swapping',
    because: /stopped by force/,
    set: { forced: true },
  },
  {
    when: 'not even force moves a host',
    window: rolling({ ...moved('a'), onDrainTimeout: 'force', forced: true }),
    hosts: [onOld('a', { running: 1 })],
    at: T0 + 60_000 + LIMITS.forceMs,
    to: 'swapping',
    because: /not even by force: it goes back/,
  },
  {
    when: 'runs fail on the host that has moved',
    window: rolling({ ...moved('a'), watch }),
    hosts: [onNew('a'), onOld('b')],
    seen: seen({ completed: 5, failed: 15 }),
    to: 'swapping',
    because: /75 % of 20 ends failed/,
  },

  {
    when: 'it fails after the last host has moved',
    window: rolling({ phase: 'watching', running: 'new', watch }),
    hosts: [onNew('a'), onNew('b')],
    seen: seen({ parked: 1 }),
    to: 'swapping',
    because: /1 run had to be parked/,
    set: { running: 'old', moved: [] },
  },

  // rolling, the other way
  { when: 'it goes back and a host is not home', window: back(), hosts: [onNew('a'), onOld('b')] },
  {
    when: 'it goes back and what runs does not yield',
    window: back(),
    hosts: [onNew('a'), onOld('b')],
    at: T0 + 60_000,
    to: 'swapping',
    set: { forced: true },
  },
  {
    when: 'it goes back and all hosts are home',
    window: back(),
    hosts: [onOld('a'), onOld('b')],
    to: 'done',
    outcome: 'rolled-back',
    because: /it failed. Runs start on release old again; intake was never held/,
  },
  {
    when: 'it goes back and a host never comes home',
    window: back({ forced: true }),
    hosts: [onNew('a')],
    at: T0 + 60_000 + LIMITS.forceMs + LIMITS.swapMs,
    to: 'done',
    outcome: 'rolled-back',
  },
  {
    when: 'it goes back, all hosts are home, and something is to be undone',
    window: back(undo()),
    hosts: [onOld('a')],
    to: 'swapping',
    because: /hook undo begins/,
  },
  {
    when: 'it goes back and what it undoes ends',
    window: back(undo(running)),
    hosts: [onOld('a')],
    seen: { signs: { 'hook:undo': { state: 'done', output: '', error: null } } },
    to: 'swapping',
    because: /is done/,
  },
  {
    when: 'it goes back and could not be undone',
    window: back(undo({ state: 'failed' })),
    hosts: [onOld('a')],
    to: 'done',
    outcome: 'held',
  },

  // canary
  {
    when: 'no run has started on the new release yet',
    window: canary(),
    hosts: [onOld('a')],
    to: 'swapping',
    because: /10 % of the new runs start on release new/,
    set: { share: 0.1, sharedAt: iso(T0), moved: [] },
  },
  {
    when: 'its first share is not watched for long enough',
    ...firstShare,
    seen: seen({ completed: 100 }),
    at: T0 + 59_999,
  },
  {
    when: 'little has come of its first share',
    ...firstShare,
    seen: seen({ completed: 3 }),
    at: T0 + 60_000,
  },
  {
    when: 'little comes of its first share, and it has waited long for more',
    ...firstShare,
    seen: seen({ completed: 3 }),
    at: T0 + 180_000,
    to: 'swapping',
    set: { share: 0.5 },
  },
  {
    when: 'its first share is content',
    ...firstShare,
    seen: seen({ completed: 30 }),
    at: T0 + 60_000,
    to: 'swapping',
    because: /50 %/,
    set: { share: 0.5, sharedAt: iso(T0 + 60_000) },
  },
  {
    when: 'its first share fails',
    ...firstShare,
    seen: seen({ failed: 20 }),
    to: 'swapping',
    because: /goes back/,
    set: { share: 0 },
  },
  {
    when: 'its last share is content',
    window: canary({ share: 0.5, sharedAt: iso(T0) }),
    hosts: [onOld('a'), onOld('b')],
    seen: seen({ completed: 30 }),
    at: T0 + 60_000,
    to: 'swapping',
    because: /a, b go over/,
    set: { moved: ['a', 'b'] },
  },
];

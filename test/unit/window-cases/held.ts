import { expect } from 'vitest';
import type { Held, Window } from '../../../src/model/window.js';
import { LIMITS } from '../../../src/window/facts.js';
import { iso, sampleHost, T0, windowIn } from '../../support/window-samples.js';
import { watch, watched } from './back.js';
import { ask, type Case } from './case.js';
import { hook, task, withHook, withProbes } from './tasks.js';

const held = (phase: Held['phase'], name: string | null, change: Partial<Window> = {}): Window =>
  windowIn('done', {
    outcome: 'held',
    summary: 'a person has to decide',
    held: {
      since: iso(T0),
      phase,
      reason: 'nobody knows',
      task: name,
      choices: [],
      until: iso(T0 + LIMITS.heldMs),
    },
    ...change,
  });

/** While hosts keep the old release running they let go of what they had ready and proven. */
const roundAfter = (phase: Held['phase']): number => (phase === 'preparing' ? 2 : 1);

const unknownHook = { state: 'unknown', attempt: 1 } as const;
const goOn = (phase: 'preparing' | 'swapping' | 'verifying' | 'watching'): Case => ({
  when: `it was held while ${phase}, and goes on all the same`,
  window: held(phase, 'migrate', { ...withHook('stopped', unknownHook), request: ask('end', 'go-on') }),
  to: phase,
  because: /decided by ann: on to release new/,
  set: {
    held: null,
    request: null,
    endsBy: iso(T0 + 600_000),
    proofRound: roundAfter(phase),
    tasks: [task('migrate', 'stopped', { ...unknownHook, state: 'skipped' })],
  },
});
const retry = (phase: 'preparing' | 'swapping' | 'verifying' | 'watching'): Case => ({
  when: `it was held while ${phase}, and tries again`,
  window: held(phase, 'migrate', { ...withHook('stopped', unknownHook), request: ask('end', 'retry') }),
  to: phase,
  because: /decided by ann: again/,
  set: {
    held: null,
    finishedAt: null,
    tasks: [task('migrate', 'stopped', { ...unknownHook, state: 'pending' })],
  },
});

export const HELD_CASES: Case[] = [
  { when: 'a person has to decide', window: held('swapping', 'migrate', withHook('stopped', unknownHook)) },
  {
    when: 'half of the time is over for which it keeps what it holds',
    window: held('swapping', 'migrate', withHook('stopped', unknownHook)),
    at: T0 + LIMITS.heldMs / 2,
    to: 'done',
    outcome: 'held',
    because: /still held: nobody knows/,
  },
  ...(['preparing', 'swapping', 'verifying', 'watching'] as const).flatMap(phase => [
    retry(phase),
    goOn(phase),
  ]),
  {
    when: 'it was held after a watch, and goes on all the same',
    window: held('watching', null, { watch, watched, request: ask('end', 'go-on') }),
    to: 'watching',
    set: { watch: null },
  },
  {
    when: 'it was held after probes, and tries again',
    window: held('verifying', null, {
      ...withProbes({ state: 'failed' }, { state: 'done' }),
      request: ask('end', 'retry'),
    }),
    to: 'verifying',
    set: { tasks: withProbes({}, { state: 'done' }).tasks! },
  },
  {
    when: 'it was held after a watch, and goes back',
    window: held('watching', null, { watch, watched, request: ask('end', 'go-back') }),
    to: 'draining',
    because: /decided by ann: back to release old/,
    set: { held: null, routedAt: null },
  },
  {
    when: 'it was held at a hook, and goes back',
    window: held('swapping', 'migrate', {
      hooks: [hook('migrate', 'stopped'), hook('undo', 'undo')],
      tasks: [task('migrate', 'stopped', unknownHook), task('undo', 'undo')],
      routedAt: null,
      request: ask('end', 'go-back'),
    }),
    hosts: [sampleHost('a')],
    to: 'swapping',
    set: { held: null, tasks: [task('migrate', 'stopped', unknownHook), task('undo', 'undo')] },
  },
  {
    when: 'it was held at a hook, and goes back while runs compute',
    window: held('swapping', 'migrate', {
      ...withHook('stopped', unknownHook),
      request: ask('end', 'go-back'),
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 1 })],
    to: 'draining',
  },
  {
    when: 'it was held before anything stopped, goes back, and nothing is there to undo',
    window: held('preparing', 'migrate', {
      ...withHook('before', unknownHook),
      routedAt: null,
      running: 'old',
      request: ask('end', 'go-back'),
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 3 })],
    to: 'done',
    outcome: 'aborted',
    because: /nothing was stopped/,
    set: { held: null, running: 'old' },
  },
  {
    when: 'it was held before anything stopped, goes back, and something is there to undo',
    window: held('preparing', 'migrate', {
      hooks: [hook('migrate', 'before'), hook('undo', 'undo')],
      tasks: [task('migrate', 'before', unknownHook), task('undo', 'undo')],
      routedAt: null,
      running: 'old',
      request: ask('end', 'go-back'),
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 3 })],
    to: 'draining',
    // It never left the former release, and does not now.
    set: { running: 'old', rollback: expect.objectContaining({ hadMoved: false }) },
  },
  {
    when: 'it was held side by side, and goes back with intake open',
    window: held('preparing', 'migrate', {
      ...withHook('before', unknownHook),
      hooks: [hook('migrate', 'before'), hook('undo', 'undo')],
      tasks: [task('migrate', 'before', unknownHook), task('undo', 'undo')],
      strategy: 'rolling',
      rolling: { batch: 1, pauseMs: 0 },
      routedAt: null,
      running: 'old',
      request: ask('end', 'go-back'),
    }),
    hosts: [sampleHost('a', { gate: 'open', running: 3 })],
    to: 'swapping',
    set: { running: 'old' },
  },
  {
    when: 'it is released as it stands',
    window: held('swapping', 'migrate', {
      ...withHook('stopped', unknownHook),
      routedAt: null,
      request: ask('end', 'release'),
    }),
    to: 'done',
    outcome: 'held',
    because: /intake is open on release old. It was held because nobody knows/,
    set: { held: null, request: null },
  },
];

import { type Hook, type Probe, pendingTask, type Task, type TaskSign } from '../../../src/model/task.js';
import type { Window } from '../../../src/model/window.js';
import { LIMITS } from '../../../src/window/facts.js';
import { iso, sampleHost, T0, windowIn } from '../../support/window-samples.js';
import { ask, type Case } from './case.js';

export const hook = (name: string, when: Hook['when'], change: Partial<Hook> = {}): Hook => ({
  name,
  when,
  command: ['true'],
  timeoutMs: 60_000,
  attempts: 1,
  idempotent: false,
  ...change,
});

const probe = (name: string): Probe => ({ name, command: ['true'], timeoutMs: 30_000 });

export const task = (name: string, when: Task['when'], change: Partial<Task> = {}): Task => ({
  ...pendingTask({ kind: when === 'verify' ? 'probe' : 'hook', name, when }),
  ...change,
});

export const running = { state: 'running', attempt: 1, startedAt: iso(T0) } as const;
const failedSign: TaskSign = { state: 'failed', output: 'no such table', error: 'it exited with 1' };
const lostSign: TaskSign = { state: 'lost', output: '', error: 'killed at its timeout' };

/** A window with one hook, in this state. */
export const withHook = (
  when: Hook['when'],
  state: Partial<Task> = {},
  change: Partial<Hook> = {},
): Partial<Window> => ({ hooks: [hook('migrate', when, change)], tasks: [task('migrate', when, state)] });

export const withProbes = (...states: Partial<Task>[]): Partial<Window> => ({
  probes: states.map((_, i) => probe(`p${i}`)),
  tasks: states.map((state, i) => task(`p${i}`, 'verify', state)),
});

const ready = [sampleHost('a')];
const swapped = [sampleHost('a', { release: 'new' })];
const notRouted = { routedAt: null };
const signs = (name: string, sign: TaskSign | null) => ({ signs: { [name]: sign } });

export const TASK_CASES: Case[] = [
  // before
  {
    when: 'all is ready and a hook has to run before',
    window: windowIn('preparing', withHook('before')),
    hosts: ready,
    to: 'preparing',
    because: /hook migrate begins/,
    set: { tasks: [task('migrate', 'before', { ...running })] },
  },
  {
    when: 'its hook is still to begin, as a host is not ready',
    window: windowIn('preparing', withHook('before')),
    hosts: [sampleHost('a', { standby: null })],
  },
  {
    when: 'its hook works',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'working' }),
    at: T0 + 30_000,
  },
  {
    when: 'its hook was begun a moment ago and has given no sign yet',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    at: T0 + LIMITS.signMs - 1,
  },
  {
    when: 'its hook is done',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'done', output: 'ok', error: null }),
    to: 'preparing',
    because: /hook migrate is done/,
    set: {
      tasks: [task('migrate', 'before', { ...running, state: 'done', endedAt: iso(T0), output: 'ok' })],
    },
  },
  {
    when: 'its hook has ended and the first of two is not the last',
    window: windowIn('preparing', {
      hooks: [hook('one', 'before'), hook('two', 'before')],
      tasks: [task('one', 'before', { state: 'done', attempt: 1 }), task('two', 'before')],
    }),
    hosts: ready,
    to: 'preparing',
    because: /hook two begins/,
  },
  {
    when: 'its hook is done and all is ready',
    window: windowIn('preparing', withHook('before', { state: 'done' })),
    hosts: ready,
    to: 'draining',
  },
  {
    when: 'its hook failed for the last time',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    seen: signs('hook:migrate', failedSign),
    to: 'preparing',
    because: /hook migrate failed: it exited with 1/,
  },
  {
    when: 'its hook has failed',
    window: windowIn('preparing', withHook('before', { state: 'failed', error: 'it exited with 1' })),
    hosts: ready,
    to: 'done',
    outcome: 'refused',
    because: /migrate failed: it exited with 1. Nothing was paused/,
  },
  {
    when: 'its hook failed and may be tried again',
    window: windowIn('preparing', withHook('before', running, { attempts: 2 })),
    hosts: ready,
    seen: signs('hook:migrate', failedSign),
    to: 'preparing',
    because: /tried again/,
  },
  {
    when: 'its hook is to be tried again, a little later',
    window: windowIn('preparing', withHook('before', { attempt: 1, endedAt: iso(T0) }, { attempts: 2 })),
    hosts: ready,
    at: T0 + LIMITS.retryMs - 1,
  },
  {
    when: 'it is time to try its hook again',
    window: windowIn('preparing', withHook('before', { attempt: 1, endedAt: iso(T0) }, { attempts: 2 })),
    hosts: ready,
    at: T0 + LIMITS.retryMs,
    to: 'preparing',
    because: /begins/,
  },
  {
    when: 'who did its hook is gone without a word',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    at: T0 + LIMITS.signMs,
    to: 'preparing',
    because: /nobody knows whether hook migrate was done/,
  },
  {
    when: 'nobody knows whether its hook was done',
    window: windowIn('preparing', withHook('before', { state: 'unknown' })),
    hosts: ready,
    to: 'done',
    outcome: 'held',
    because: /a person has to decide/,
  },
  {
    when: 'nobody knows how its hook ended, and it may be repeated',
    window: windowIn('preparing', withHook('before', running, { idempotent: true })),
    hosts: ready,
    seen: signs('hook:migrate', lostSign),
    to: 'preparing',
    because: /tried again: killed at its timeout/,
  },
  {
    when: 'its hook was not even begun, which counts against no try',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'unbegun', output: '', error: 'its server stood still' }),
    to: 'preparing',
    because: /tried again: its server stood still/,
  },
  {
    when: 'its hook claims to work long after its time',
    window: windowIn('preparing', withHook('before', running)),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'working' }),
    at: T0 + 60_000 + 6 * LIMITS.signMs,
    to: 'preparing',
    because: /nobody knows/,
  },
  {
    when: 'hosts are late, but a hook is at work',
    window: windowIn('preparing', withHook('before', running, { timeoutMs: 600_000 })),
    hosts: [sampleHost('a', { standby: null })],
    seen: signs('hook:migrate', { state: 'working' }),
    at: T0 + LIMITS.prepareMs,
  },

  // stopped
  {
    when: 'nothing runs and a hook needs that',
    window: windowIn('draining', withHook('stopped')),
    hosts: ready,
    to: 'swapping',
    set: { routedAt: null },
  },
  {
    when: 'nothing runs and no hook needs that',
    window: windowIn('draining'),
    hosts: ready,
    to: 'swapping',
    set: { routedAt: iso(T0) },
  },
  {
    when: 'its hook has to run before hosts go over',
    window: windowIn('swapping', { ...withHook('stopped'), ...notRouted }),
    hosts: ready,
    to: 'swapping',
    because: /hook migrate begins/,
    set: { routedAt: null },
  },
  {
    when: 'its hook is done for good',
    window: windowIn('swapping', { ...withHook('stopped', { state: 'done' }), ...notRouted }),
    hosts: ready,
    to: 'swapping',
    because: /the hooks are done: hosts go over to release new/,
    set: { routedAt: iso(T0) },
  },
  {
    when: 'its hook ends while it waits for it',
    window: windowIn('swapping', { ...withHook('stopped', running), ...notRouted }),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'done', output: '', error: null }),
    to: 'swapping',
    because: /is done/,
  },
  {
    when: 'its breaking hook failed, which says that it did nothing',
    window: windowIn('swapping', {
      ...withHook('stopped', { state: 'failed', error: 'exit 1' }),
      ...notRouted,
    }),
    hosts: ready,
    to: 'swapping',
    because: /migrate failed \(exit 1\): it goes back to release old/,
    set: { routedAt: null, proofRound: 0 },
  },
  {
    when: 'one of two breaking hooks failed, and nothing can undo the other',
    window: windowIn('swapping', {
      hooks: [hook('one', 'stopped'), hook('two', 'stopped')],
      tasks: [task('one', 'stopped', { state: 'done' }), task('two', 'stopped', { state: 'failed' })],
      ...notRouted,
    }),
    hosts: ready,
    to: 'done',
    outcome: 'held',
    because: /no hook is there to undo it/,
  },
  {
    when: 'nobody knows whether its breaking hook was done',
    window: windowIn('swapping', { ...withHook('stopped', { state: 'unknown' }), ...notRouted }),
    hosts: ready,
    to: 'done',
    outcome: 'held',
    because: /^Nobody knows whether the hook migrate was done: a person/,
  },
  {
    when: 'its time is over and the breaking hook was never begun',
    window: windowIn('swapping', { ...withHook('stopped'), ...notRouted }),
    hosts: ready,
    at: T0 + 600_000,
    to: 'swapping',
    because: /goes back/,
  },
  {
    when: 'its time is over, one breaking hook is done and the next not begun',
    window: windowIn('swapping', {
      hooks: [hook('one', 'stopped'), hook('two', 'stopped')],
      tasks: [task('one', 'stopped', { state: 'done' }), task('two', 'stopped')],
      ...notRouted,
    }),
    hosts: ready,
    at: T0 + 600_000,
    to: 'done',
    outcome: 'held',
  },
  {
    when: 'its time is over while the breaking hook works',
    window: windowIn('swapping', {
      ...withHook('stopped', { ...running, startedAt: iso(T0 + 599_000) }),
      ...notRouted,
    }),
    hosts: ready,
    seen: signs('hook:migrate', { state: 'working' }),
    at: T0 + 600_000,
  },

  // probes
  {
    when: 'hosts are on the new release and probes are there',
    window: windowIn('swapping', withProbes({}, {})),
    hosts: swapped,
    to: 'verifying',
  },
  {
    when: 'probes are to begin, all at once',
    window: windowIn('verifying', withProbes({}, {})),
    hosts: swapped,
    to: 'verifying',
    because: /probe p0 begins, probe p1 begins/,
  },
  {
    when: 'one probe has passed and one works',
    window: windowIn('verifying', withProbes({ state: 'done' }, running)),
    hosts: swapped,
    seen: signs('probe:p1', { state: 'working' }),
  },
  {
    when: 'a probe ends',
    window: windowIn('verifying', withProbes(running)),
    hosts: swapped,
    seen: signs('probe:p0', { state: 'done', output: '', error: null }),
    to: 'verifying',
    because: /probe p0 is done/,
  },
  {
    when: 'all probes have passed',
    window: windowIn('verifying', withProbes({ state: 'done' })),
    hosts: swapped,
    to: 'resuming',
    because: /1 probe passed on release new/,
  },
  {
    when: 'a probe has failed',
    window: windowIn('verifying', withProbes({ state: 'failed', error: 'status 500' })),
    hosts: swapped,
    to: 'swapping',
    because: /probe p0 failed on release new \(status 500\): it goes back to release old/,
  },
  {
    when: 'a probe has failed after a breaking hook that nothing undoes',
    window: windowIn('verifying', {
      hooks: [hook('migrate', 'stopped')],
      probes: [probe('p0')],
      tasks: [task('migrate', 'stopped', { state: 'done' }), task('p0', 'verify', { state: 'failed' })],
    }),
    hosts: swapped,
    to: 'done',
    outcome: 'held',
    because: /migrate has run and no hook is there to undo it/,
  },
  {
    when: 'it is aborted while probes run',
    window: windowIn('verifying', { ...withProbes(running), request: ask('abort') }),
    hosts: swapped,
    to: 'swapping',
    because: /aborted by ann/,
  },

  // after
  {
    when: 'runs go on and a hook is there for after',
    window: windowIn('resuming', withHook('after')),
    hosts: swapped,
    to: 'watching',
    because: /intake is open on the new release/,
  },
  {
    when: 'a run is late to go on and a hook is there for after',
    window: windowIn('resuming', withHook('after')),
    hosts: [sampleHost('a', { resuming: 1 })],
    at: T0 + LIMITS.resumeMs,
    to: 'watching',
    because: /1 run not yet seen running/,
  },
  {
    when: 'its last hook is to begin',
    window: windowIn('watching', withHook('after')),
    hosts: swapped,
    to: 'watching',
    because: /begins/,
  },
  {
    when: 'its last hook ends',
    window: windowIn('watching', withHook('after', running)),
    hosts: swapped,
    seen: signs('hook:migrate', { state: 'done', output: '', error: null }),
    to: 'watching',
    because: /is done/,
  },
  {
    when: 'its last hook failed, and another is left',
    window: windowIn('watching', {
      hooks: [hook('one', 'after'), hook('two', 'after')],
      tasks: [task('one', 'after', { state: 'failed' }), task('two', 'after')],
    }),
    hosts: swapped,
    to: 'watching',
    because: /hook two begins/,
  },
  {
    when: 'its last hook has failed',
    window: windowIn('watching', withHook('after', { state: 'failed', error: 'status 500' })),
    hosts: swapped,
    to: 'done',
    outcome: 'completed',
    because: /hook migrate failed \(status 500\)/,
  },
  {
    when: 'nobody knows whether its last hook was done',
    window: windowIn('watching', withHook('after', { state: 'unknown' })),
    hosts: swapped,
    to: 'done',
    outcome: 'held',
  },
];

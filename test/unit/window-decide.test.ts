import { describe, expect, it } from 'vitest';
import type { HostStatus } from '../../src/model/intent.js';
import type { Outcome, Phase, Window } from '../../src/model/window.js';
import { decide } from '../../src/window/decide.js';
import { LIMITS, type Observation } from '../../src/window/facts.js';
import { TRANSITIONS } from '../../src/window/transitions.js';
import {
  iso,
  REVISION,
  sampleHost,
  sampleIntent,
  sampleProof,
  sampleRefusal,
  sampleTally,
  sampleWindow,
  T0,
  windowIn,
} from '../support/window-samples.js';

const STALE = REVISION - 1;
const blocker = (run: string, job: string) => ({
  run,
  job,
  lastCheckpointAt: null,
  stoppable: true,
  estimateMs: null,
});
const ask = (kind: 'start' | 'cancel' | 'abort') => ({ kind, by: 'ann', at: iso(T0) });

interface Case {
  when: string;
  window: Window;
  hosts?: HostStatus[];
  seen?: Partial<Observation>;
  at?: number;
  /** Absent: the window waits. */
  to?: Phase;
  outcome?: Outcome;
  because?: RegExp;
  set?: Partial<Window>;
}

const seenHosts = (...ids: string[]) => ids.map(id => ({ id, release: 'old', phase: 'ready' }));

/** The deadline has passed, and force has got its own. */
const forced = {
  onDrainTimeout: 'force',
  forced: true,
  drainDeadline: iso(T0 + 60_000 + LIMITS.forceMs),
} as const;

const CASES: Case[] = [
  // scheduled
  { when: 'its time has not come', window: sampleWindow({ startsAt: iso(T0 + 1_000) }) },
  {
    when: 'its time has come',
    window: sampleWindow({ previousRelease: null }),
    hosts: [sampleHost('a')],
    to: 'preparing',
    because: /time has come/,
    set: { previousRelease: 'old', proofRound: 1, endsBy: iso(T0 + 600_000), outcome: null },
  },
  {
    when: 'it is asked to start before its time',
    window: sampleWindow({ startsAt: iso(T0 + 90_000), request: ask('start') }),
    to: 'preparing',
    because: /started by ann/,
    set: { request: null },
  },
  { when: 'another window of its app is on', window: sampleWindow(), seen: { busy: 'win-0' } },
  {
    when: 'it is cancelled before it begins',
    window: sampleWindow({ request: ask('cancel') }),
    to: 'done',
    outcome: 'cancelled',
    because: /ann/,
  },
  {
    when: 'its whole time passed while no server was there',
    window: sampleWindow(),
    at: T0 + 600_000,
    to: 'done',
    outcome: 'missed',
    because: /no server was there/,
  },
  {
    when: 'its release has become current meanwhile',
    window: sampleWindow(),
    seen: { intent: sampleIntent({ release: 'new' }) },
    to: 'done',
    outcome: 'refused',
    because: /current already/,
  },

  // preparing
  {
    when: 'every host is ready and one has proven',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', { proof: null })],
    to: 'draining',
    because: /2 hosts ready/,
    set: { drainDeadline: iso(T0 + 60_000) },
  },
  {
    when: 'the drain would last beyond the end',
    window: windowIn('preparing', { endsBy: iso(T0 + 5_000) }),
    hosts: [sampleHost('a')],
    to: 'draining',
    set: { drainDeadline: iso(T0 + 5_000) },
  },
  {
    when: 'it is the first release of its app',
    window: windowIn('preparing', { previousRelease: null }),
    hosts: [sampleHost('a', { release: null })],
    to: 'draining',
  },
  {
    when: 'one host is loading',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', { standby: { release: 'new', state: 'loading', error: null } })],
  },
  {
    when: 'nobody has proven this round',
    window: windowIn('preparing', { proofRound: 2 }),
    hosts: [sampleHost('a')],
  },
  {
    when: 'a ready report describes an older intent',
    window: windowIn('preparing'),
    hosts: [sampleHost('a', { revision: STALE })],
  },
  {
    when: 'a host does not know the app yet',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', null)],
  },
  {
    when: 'the host that is not ready is leaving',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', null, { leaving: true })],
    to: 'draining',
  },
  {
    when: 'the host that is not ready serves none of its queues',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', null, { queues: ['mail'] })],
    to: 'draining',
  },
  {
    when: 'the release does not load',
    window: windowIn('preparing'),
    hosts: [sampleHost('a', { standby: { release: 'new', state: 'broken', error: 'SyntaxError: here' } })],
    to: 'done',
    outcome: 'refused',
    because: /does not load on host a: SyntaxError: here/,
  },
  {
    when: 'a saved state cannot be read',
    window: windowIn('preparing'),
    hosts: [sampleHost('a', { proof: sampleProof({ refused: 3, refusals: [sampleRefusal] }) })],
    to: 'done',
    outcome: 'refused',
    because: /run run-9 \(invoice, version 1 to 2\) cannot be read at \/line: expected number, and 2 others/,
    set: { refusals: [sampleRefusal] },
  },
  {
    when: 'a refusal is of an earlier round',
    window: windowIn('preparing', { proofRound: 2 }),
    hosts: [sampleHost('a', { proof: sampleProof({ refused: 1, refusals: [sampleRefusal] }) })],
  },
  { when: 'no host is there yet', window: windowIn('preparing'), at: T0 + LIMITS.noHostMs - 1 },
  {
    when: 'no host comes',
    window: windowIn('preparing'),
    at: T0 + LIMITS.noHostMs,
    to: 'done',
    outcome: 'refused',
    because: /no host is alive.*slackwater host/,
  },
  {
    when: 'preparing takes too long',
    window: windowIn('preparing'),
    hosts: [sampleHost('a'), sampleHost('b', { standby: { release: 'new', state: 'loading', error: null } })],
    at: T0 + LIMITS.prepareMs,
    to: 'done',
    outcome: 'refused',
    because: /b \(loading\)/,
  },
  {
    when: 'it is cancelled while hosts prepare',
    window: windowIn('preparing', { request: ask('cancel') }),
    hosts: [sampleHost('a')],
    to: 'done',
    outcome: 'cancelled',
  },
  {
    when: 'it is aborted while hosts prepare',
    window: windowIn('preparing', { request: ask('abort') }),
    to: 'done',
    outcome: 'cancelled',
    because: /nothing was paused/,
  },
  {
    when: 'a host falls silent while others are ready',
    window: windowIn('preparing', { hosts: seenHosts('a', 'b') }),
    hosts: [sampleHost('a')],
    to: 'preparing',
    set: { proofRound: 2 },
    because: /host b/,
  },

  // draining
  {
    when: 'nothing runs any more',
    window: windowIn('draining'),
    hosts: [sampleHost('a'), sampleHost('b')],
    to: 'swapping',
  },
  { when: 'a run is on its way', window: windowIn('draining'), hosts: [sampleHost('a', { running: 1 })] },
  {
    when: 'a final state is being proven',
    window: windowIn('draining'),
    hosts: [sampleHost('a', { proving: 1 })],
  },
  {
    when: 'a host has not answered',
    window: windowIn('draining'),
    hosts: [sampleHost('a'), sampleHost('b', { revision: STALE })],
  },
  { when: 'every host is gone', window: windowIn('draining') },
  {
    when: 'a leaving host still gives runs back',
    window: windowIn('draining'),
    hosts: [sampleHost('a'), sampleHost('b', { running: 1 }, { leaving: true })],
  },
  {
    when: 'a host vanishes',
    window: windowIn('draining', { hosts: seenHosts('a', 'b') }),
    hosts: [sampleHost('a')],
    to: 'draining',
    set: { proofRound: 2 },
    because: /host b.*proven again/,
  },
  {
    when: 'what the vanished host had saved is not proven yet',
    window: windowIn('draining', { proofRound: 2 }),
    hosts: [sampleHost('a')],
  },
  {
    when: 'what the vanished host had saved is proven',
    window: windowIn('draining', { proofRound: 2 }),
    hosts: [sampleHost('a', { proof: sampleProof({ round: 2 }) })],
    to: 'swapping',
  },
  {
    when: 'a final state cannot be read',
    window: windowIn('draining'),
    hosts: [sampleHost('a', { refusals: [sampleRefusal] })],
    to: 'done',
    outcome: 'refused',
    because: /run-9.*Intake is open again on release old/,
  },
  {
    when: 'it is aborted',
    window: windowIn('draining', { request: ask('abort') }),
    hosts: [sampleHost('a')],
    to: 'done',
    outcome: 'aborted',
    because: /ann.*release old/,
  },
  {
    when: 'the deadline passes over runs that do not stop',
    window: windowIn('draining'),
    hosts: [
      sampleHost('a', { running: 2, blockers: [blocker('r1', 'pdf'), blocker('r2', 'pdf')] }),
      sampleHost('b', { running: 1, blockers: [blocker('r3', 'mail')] }),
    ],
    at: T0 + 60_000,
    to: 'done',
    outcome: 'aborted',
    because: /3 runs had not reached a checkpoint \(pdf \(2 runs\), mail \(r3\)\)/,
  },
  {
    when: 'the last run stops just at the deadline',
    window: windowIn('draining'),
    hosts: [sampleHost('a')],
    at: T0 + 60_000,
    to: 'swapping',
  },
  {
    when: 'the deadline passes and force is wanted',
    window: windowIn('draining', { onDrainTimeout: 'force' }),
    hosts: [sampleHost('a', { running: 1, blockers: [blocker('r1', 'pdf')] })],
    at: T0 + 60_000,
    to: 'draining',
    set: { forced: true, drainDeadline: iso(T0 + 60_000 + LIMITS.forceMs) },
    because: /pdf \(r1\).*by force/,
  },
  {
    when: 'force comes late, and gets its time all the same, up to the end',
    window: windowIn('draining', { onDrainTimeout: 'force' }),
    hosts: [sampleHost('a', { running: 1 })],
    at: T0 + 570_000,
    to: 'draining',
    set: { forced: true, drainDeadline: iso(T0 + 600_000) },
  },
  {
    when: 'force has been used and not worked yet',
    window: windowIn('draining', forced),
    hosts: [sampleHost('a', { running: 1 })],
    at: T0 + 61_000,
  },
  {
    when: 'force does not stop everything',
    window: windowIn('draining', forced),
    hosts: [
      sampleHost('a', { running: 2, blockers: [blocker('r1', 'pdf')] }),
      sampleHost('b', { revision: STALE }),
      sampleHost('c', { proving: 1 }),
      sampleHost('d'),
    ],
    at: T0 + 60_000 + LIMITS.forceMs,
    to: 'done',
    outcome: 'aborted',
    because:
      /^force did not stop all in time: a \(2 runs still running: pdf \(r1\)\), b \(has not answered\), c \(1 final state being proven\)\. Intake is open again on release old$/,
  },
  {
    when: 'force was used and every host is gone',
    window: windowIn('draining', forced),
    at: T0 + 60_000 + LIMITS.forceMs,
    to: 'done',
    outcome: 'aborted',
    because: /no host is alive/,
  },
  {
    when: 'force was used and what a vanished host had saved is not proven',
    window: windowIn('draining', { ...forced, proofRound: 2 }),
    hosts: [sampleHost('a')],
    at: T0 + 60_000 + LIMITS.forceMs,
    to: 'done',
    outcome: 'aborted',
    because: /vanished host/,
  },
  {
    when: 'force has worked',
    window: windowIn('draining', forced),
    hosts: [sampleHost('a')],
    at: T0 + 61_000,
    to: 'swapping',
  },
  {
    when: 'the time of the window is over before the swap, whatever else is true',
    window: windowIn('draining'),
    hosts: [sampleHost('a')],
    at: T0 + 600_000,
    to: 'done',
    outcome: 'aborted',
    because: /time was over/,
  },

  // swapping
  {
    when: 'every host is on the new release',
    window: windowIn('swapping'),
    hosts: [sampleHost('a', { release: 'new' })],
    to: 'resuming',
  },
  {
    when: 'a host is still on the old release',
    window: windowIn('swapping'),
    hosts: [sampleHost('a', { release: 'new' }), sampleHost('b')],
  },
  {
    when: 'a host does not come along',
    window: windowIn('swapping'),
    hosts: [sampleHost('a', { release: 'new' }), sampleHost('b')],
    at: T0 + LIMITS.swapMs,
    to: 'resuming',
    because: /without b/,
  },
  {
    when: 'it is late to abort',
    window: windowIn('swapping', { request: ask('abort') }),
    hosts: [sampleHost('a')],
  },
  {
    when: 'the time of the window is over after the swap',
    window: windowIn('swapping', { endsBy: iso(T0 + 5_000) }),
    hosts: [sampleHost('a')],
    at: T0 + 5_000,
    to: 'resuming',
  },

  // resuming
  {
    when: 'nothing was running',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { release: 'new' })],
    to: 'done',
    outcome: 'completed',
    because: /release new is current: nothing was running/,
  },
  {
    when: 'a run has not been seen running again',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { resuming: 1 })],
  },
  {
    when: 'runs go on and the first progress is not seen',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { tally: sampleTally({ inFlight: 2, resumed: 2 }) })],
  },
  {
    when: 'runs go on and the first progress is not seen for long',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { tally: sampleTally({ inFlight: 2, resumed: 2 }) })],
    at: T0 + LIMITS.measureMs,
    to: 'done',
    outcome: 'completed',
  },
  {
    when: 'runs go on and progress is seen',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { tally: sampleTally({ inFlight: 2, resumed: 2, firstProgressNew: T0 }) })],
    to: 'done',
    outcome: 'completed',
    because: /of 2 runs in flight 2 went on/,
    set: { finishedAt: iso(T0), runs: { inFlight: 2, yielded: 0, finished: 0, forced: 0 } },
  },
  {
    when: 'a run is never seen running again',
    window: windowIn('resuming'),
    hosts: [sampleHost('a', { resuming: 1 })],
    at: T0 + LIMITS.resumeMs,
    to: 'done',
    outcome: 'completed',
    because: /1 run not yet seen running/,
  },

  // done
  { when: 'it is over', window: windowIn('done', { outcome: 'aborted', request: ask('start') }) },
];

describe('decide', () => {
  for (const { when, window, hosts = [], seen, at = T0, ...expected } of CASES) {
    const { to, outcome } = expected;
    const name = to ? `goes to ${to}${outcome ? ` (${outcome})` : ''}` : 'waits';
    it(`${window.phase}: ${name} when ${when}`, () => {
      const observation = { intent: sampleIntent(), hosts, busy: null, ...seen };
      const decision = decide(window, observation, at);
      if (!to) return expect(decision).toBeNull();
      expect(decision?.window).toMatchObject({ phase: to, outcome: outcome ?? null, ...expected.set });
      if (expected.because) expect(decision?.because).toMatch(expected.because);
      if (outcome) expect(decision?.window.summary).toBe(decision?.because);
    });
  }

  it('has a case for every way in the table', () => {
    const taken = CASES.filter(each => each.to).map(
      each => `${each.window.phase} → ${each.to} ${each.outcome ?? ''}`,
    );
    for (const { from, to, outcome } of TRANSITIONS) {
      expect(taken).toContain(`${from} → ${to} ${outcome ?? ''}`);
    }
  });

  it('closes the entry of a phase with its length and keeps the reason of the next', () => {
    const decision = decide(
      windowIn('draining'),
      { intent: sampleIntent(), hosts: [sampleHost('a')], busy: null },
      T0 + 1_234,
    );
    expect(decision?.window.phases).toEqual([
      { phase: 'draining', at: iso(T0), ms: 1_234, because: 'test' },
      { phase: 'swapping', at: iso(T0 + 1_234), ms: null, because: decision?.because },
    ]);
  });

  it('never lets the figures of a window fall when a host takes its counts along', () => {
    const window = windowIn('draining', {
      runs: { inFlight: 9, yielded: 4, finished: 1, forced: 0 },
      hosts: seenHosts('a', 'b'),
    });
    const hosts = [sampleHost('a', { tally: sampleTally({ inFlight: 5, yielded: 5 }) })];
    const decision = decide(window, { intent: sampleIntent(), hosts, busy: null }, T0);
    expect(decision?.window.runs).toEqual({ inFlight: 9, yielded: 5, finished: 1, forced: 0 });
  });
});

import type { Outcome, Phase, Window } from '../model/window.js';
import { formatDuration } from '../platform/duration.js';
import {
  asked,
  brokenHost,
  drainIsLate,
  hasResumed,
  isDue,
  isMeasured,
  isReady,
  isStill,
  isSwapped,
  provenSinceVanished,
  refusalsOf,
} from './conditions.js';
import { type Facts, hasPassed, sum } from './facts.js';
import {
  backOn,
  capital,
  count,
  describeRefusal,
  describeSwap,
  describeUnready,
  describeUnstill,
  gone,
  releaseName,
  stillRunning,
} from './sentences.js';

/**
 * One way from phase to phase. `because` is kept with the phase and shown to people; with an `outcome` it becomes the summary of the
 * window. `set` gives the fields of the window that change beside its phase.
 */
export interface Transition {
  from: Phase;
  to: Phase;
  outcome?: Outcome;
  when: (facts: Facts) => boolean;
  because: (facts: Facts) => string;
  set?: (facts: Facts) => Partial<Window>;
}

/**
 * Every way there is. Of those that leave the present phase the first whose `when` holds is taken, so their order matters: what ends a
 * window comes before what goes on with it, and what was seen before what was merely not seen in time.
 */
export const TRANSITIONS: Transition[] = [
  {
    from: 'scheduled',
    to: 'done',
    outcome: 'cancelled',
    when: asked('cancel'),
    because: f => `cancelled by ${f.window.request!.by} before it began`,
  },
  {
    from: 'scheduled',
    to: 'done',
    outcome: 'missed',
    when: f => !asked('start')(f) && Date.parse(f.window.startsAt) + f.window.maxDurationMs <= f.now,
    because: f =>
      `its time (${f.window.startsAt}, ${formatDuration(f.window.maxDurationMs)}) passed before it could begin${f.busy ? `: window ${f.busy} took longer` : ': no server was there'}`,
  },
  {
    from: 'scheduled',
    to: 'done',
    outcome: 'refused',
    when: f => isDue(f) && f.current === f.window.release,
    because: f => `${releaseName(f.window.release)} is current already: there is nothing to deploy`,
  },
  {
    from: 'scheduled',
    to: 'preparing',
    when: isDue,
    because: f => (asked('start')(f) ? `started by ${f.window.request!.by}` : 'its time has come'),
    set: f => ({
      previousRelease: f.current,
      endsBy: iso(f.now + f.window.maxDurationMs),
      proofRound: 1,
      request: null,
    }),
  },

  {
    from: 'preparing',
    to: 'done',
    outcome: 'cancelled',
    when: f => asked('cancel')(f) || asked('abort')(f),
    because: f => `cancelled by ${f.window.request!.by} while hosts prepared: nothing was paused`,
  },
  {
    from: 'preparing',
    to: 'done',
    outcome: 'refused',
    when: f => brokenHost(f) !== undefined,
    because: f =>
      `${releaseName(f.window.release)} does not load on host ${brokenHost(f)!.id}: ${brokenHost(f)!.app!.standby!.error ?? 'no reason given'}`,
  },
  {
    from: 'preparing',
    to: 'done',
    outcome: 'refused',
    when: f => f.proof.refused > 0,
    because: f => `${describeRefusal(f.proof.refusals, f.proof.refused)}. Nothing was paused`,
    set: f => ({ refusals: f.proof.refusals }),
  },
  {
    from: 'preparing',
    to: 'done',
    outcome: 'refused',
    when: f => f.staying.length === 0 && f.inPhaseMs >= f.limits.noHostMs,
    because: f =>
      `no host is alive to take ${releaseName(f.window.release)}: start one with \`slackwater host\` for ${f.window.queues.join(', ')}, then deploy again`,
  },
  {
    from: 'preparing',
    to: 'done',
    outcome: 'refused',
    when: f => f.inPhaseMs >= f.limits.prepareMs || hasPassed(f.window.endsBy, f.now),
    because: f => `not ready after ${formatDuration(f.inPhaseMs)}: ${describeUnready(f)}. Nothing was paused`,
  },
  {
    from: 'preparing',
    to: 'preparing',
    when: f => f.vanished.length > 0,
    because: f => `${gone(f)}: what it had saved is proven again`,
    set: f => ({ proofRound: f.window.proofRound + 1 }),
  },
  {
    from: 'preparing',
    to: 'draining',
    when: f => f.staying.length > 0 && f.staying.every(host => isReady(f, host)) && f.proof.done,
    because: f =>
      `${count(f.staying.length, 'host')} ready, every saved state can be read by ${releaseName(f.window.release)}`,
    set: f => ({
      drainDeadline: iso(Math.min(f.now + f.window.drainTimeoutMs, Date.parse(f.window.endsBy!))),
    }),
  },

  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: asked('abort'),
    because: f => `aborted by ${f.window.request!.by}: ${backOn(f)}`,
  },
  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: f => hasPassed(f.window.endsBy, f.now),
    because: f => `the window's time was over before the swap${stillRunning(f)}: ${backOn(f)}`,
  },
  {
    from: 'draining',
    to: 'done',
    outcome: 'refused',
    when: f => f.finalRefusals.length > 0 || f.proof.refused > 0,
    because: f =>
      `${describeRefusal(refusalsOf(f), Math.max(f.finalRefusals.length, f.proof.refused))}. ${capital(backOn(f))}`,
    set: f => ({ refusals: refusalsOf(f) }),
  },
  {
    from: 'draining',
    to: 'draining',
    when: f => f.vanished.length > 0,
    because: f => `${gone(f)}: what it had saved is proven again before the swap`,
    set: f => ({ proofRound: f.window.proofRound + 1 }),
  },
  {
    from: 'draining',
    to: 'swapping',
    when: f => f.staying.length > 0 && f.hosts.every(isStill) && provenSinceVanished(f),
    because: f =>
      `nothing runs any more on ${count(f.staying.length, 'host')}, and every final state is proven`,
  },
  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: f => drainIsLate(f) && f.window.onDrainTimeout === 'abort',
    because: f => `the drain deadline passed${stillRunning(f)}: ${backOn(f)}`,
  },
  {
    from: 'draining',
    to: 'draining',
    when: f => drainIsLate(f) && f.window.onDrainTimeout === 'force' && !f.window.forced,
    because: f => `the drain deadline passed${stillRunning(f)}: stopped by force`,
    // Counted from now: the server may have come late itself.
    set: f => ({
      forced: true,
      drainDeadline: iso(Math.min(f.now + f.limits.forceMs, Date.parse(f.window.endsBy!))),
    }),
  },
  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: f => drainIsLate(f) && f.window.forced,
    because: f => `force did not stop all in time: ${describeUnstill(f)}. ${capital(backOn(f))}`,
  },

  {
    from: 'swapping',
    to: 'resuming',
    when: f => f.staying.every(host => isSwapped(f, host)),
    because: f => `${count(f.staying.length, 'host')} on ${releaseName(f.window.release)}`,
  },
  {
    from: 'swapping',
    to: 'resuming',
    when: f => f.inPhaseMs >= f.limits.swapMs || hasPassed(f.window.endsBy, f.now),
    because: f =>
      `the others go on without ${f.staying
        .filter(host => !isSwapped(f, host))
        .map(host => host.id)
        .join(', ')}, which can start nothing before it has ${releaseName(f.window.release)}`,
  },

  {
    from: 'resuming',
    to: 'done',
    outcome: 'completed',
    when: f => f.staying.every(hasResumed) && isMeasured(f),
    because: describeSwap,
  },
  {
    from: 'resuming',
    to: 'done',
    outcome: 'completed',
    when: f => f.inPhaseMs >= f.limits.resumeMs || hasPassed(f.window.endsBy, f.now),
    because: f =>
      `${describeSwap(f)}; ${count(
        sum(f.staying, host => host.app?.resuming ?? 0),
        'run',
      )} not yet seen running`,
  },
];

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

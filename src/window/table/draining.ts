import type { Window } from '../../model/window.js';
import type { Facts } from '../facts.js';
import { hasPassed } from '../facts.js';
import {
  asked,
  drainIsLate,
  isAllStill,
  isTimeForAll,
  provenSinceVanished,
  refusalsOf,
  soonerArrival,
} from './conditions.js';
import { backOn, capital, count, describeRefusal, describeUnstill, gone, stillRunning } from './sentences.js';
import { tasksOf } from './tasks.js';
import { backward, forward, iso, type Transition } from './way.js';

/** Where no hook has to run first hosts go over in the same step: each one more costs the stop a round trip. */
const routedWithout = (when: 'stopped' | 'undo', f: Facts): Partial<Window> => ({
  arriveAt: null,
  ...(tasksOf(f.window, when).length === 0
    ? { routedAt: iso(f.now), running: f.target }
    : { routedAt: null }),
});

const whoVanished: Transition = {
  from: 'draining',
  to: 'draining',
  when: f => f.vanished.length > 0,
  because: f => `${gone(f)}: what it had saved is proven again before the swap`,
  set: f => ({ proofRound: f.window.proofRound + 1 }),
};

/** Counted from now: the server may have come late itself. */
const force = (when: (f: Facts) => boolean): Transition => ({
  from: 'draining',
  to: 'draining',
  when: f => drainIsLate(f) && !f.window.forced && when(f),
  because: f => `the drain deadline passed${stillRunning(f)}: stopped by force`,
  set: f => ({
    forced: true,
    arriveAt: null,
    drainDeadline: iso(Math.min(f.now + f.limits.forceMs, Math.max(f.now, Date.parse(f.window.endsBy!)))),
  }),
});

const FORWARD: Transition[] = [
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
  whoVanished,
  {
    from: 'draining',
    to: 'draining',
    when: isTimeForAll,
    because: f =>
      hasPassed(f.window.arriveAt, f.now)
        ? 'it is time for all to come in'
        : 'the slow runs have come in: now the others',
    set: () => ({ arriveAt: null }),
  },
  {
    from: 'draining',
    to: 'draining',
    when: f => soonerArrival(f) !== null,
    because: f => `the slow runs will be in sooner than was known: by ${iso(soonerArrival(f)!)}`,
    set: f => ({ arriveAt: iso(soonerArrival(f)!) }),
  },
  {
    from: 'draining',
    to: 'swapping',
    when: f => isAllStill(f) && provenSinceVanished(f),
    because: f =>
      `nothing runs any more on ${count(f.staying.length, 'host')}, and every final state is proven`,
    set: f => routedWithout('stopped', f),
  },
  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: f => drainIsLate(f) && f.window.onDrainTimeout === 'abort',
    because: f => `the drain deadline passed${stillRunning(f)}: ${backOn(f)}`,
  },
  force(f => f.window.onDrainTimeout === 'force'),
  {
    from: 'draining',
    to: 'done',
    outcome: 'aborted',
    when: f => drainIsLate(f) && f.window.forced,
    because: f => `force did not stop all in time: ${describeUnstill(f)}. ${capital(backOn(f))}`,
  },
];

/**
 * The way back does not depend on what the states are like: one that cannot be brought down follows the job's `onRollback`, or is set aside. What does not
 * yield is stopped by force, whatever was asked for on the way forward: the new release is not known to work.
 */
const BACK: Transition[] = [
  {
    from: 'draining',
    to: 'swapping',
    when: f => (isAllStill(f) || f.staying.length === 0) && f.window.rollback !== null,
    because: f => `nothing runs any more on ${count(f.staying.length, 'host')}`,
    set: f => routedWithout('undo', f),
  },
  force(() => true),
  {
    from: 'draining',
    to: 'swapping',
    when: f => drainIsLate(f) && f.window.forced,
    because: f =>
      `force did not stop all in time: ${describeUnstill(f)}. Those hosts start nothing before they are back`,
    set: f => routedWithout('undo', f),
  },
];

export const DRAINING: Transition[] = [...forward(FORWARD), ...backward(BACK)];

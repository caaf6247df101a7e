import { type Refusal, SLOW_MS } from '../../model/intent.js';
import type { Request } from '../../model/window.js';
import { arrivalOf } from '../arrival.js';
import { type Facts, type HostView, hasPassed } from '../facts.js';

/** The conditions of the table of transitions, each named as the table reads. */
export function asked(kind: Request['kind']) {
  return (f: Facts): boolean => f.window.request?.kind === kind;
}

/** One window of an app at a time: the next one waits. */
export function isDue(f: Facts): boolean {
  return f.busy === null && (asked('start')(f) || hasPassed(f.window.startsAt, f.now));
}

export const isReady = (f: Facts, host: HostView): boolean =>
  host.answered && host.app?.standby?.release === f.target && host.app.standby.state === 'ready';

export const brokenHosts = (f: Facts): HostView[] =>
  f.staying.filter(
    host => host.answered && host.app?.standby?.release === f.target && host.app.standby.state === 'broken',
  );

/** A host that leaves gives its runs back by itself; it only has to be done with that. */
export const isStill = (host: HostView): boolean =>
  host.leaving
    ? (host.app?.running ?? 0) === 0
    : host.answered && host.app!.gate === 'closed' && host.app!.running === 0 && host.app!.proving === 0;

/** Nothing runs anywhere, and nothing will before hosts are told so. */
export const isAllStill = (f: Facts): boolean =>
  f.window.arriveAt === null && f.staying.length > 0 && f.hosts.every(isStill);

/** The first round was done before the drain began; a later one was asked for because a host vanished. On the way back none is asked for. */
export const provenSinceVanished = (f: Facts): boolean => f.window.proofRound <= 1 || f.proof.done;

export const drainIsLate = (f: Facts): boolean => hasPassed(f.window.drainDeadline, f.now);

export const isSwapped = (f: Facts, host: HostView): boolean =>
  host.answered && host.app!.release === f.target;

export const hasResumed = (host: HostView): boolean => host.answered && host.app!.resuming === 0;

/** The downtime ends with the first progress in the new code. Where runs went on, that figure is worth a moment: intake is open by then. */
export const isMeasured = (f: Facts): boolean =>
  f.tallies.every(tally => tally.resumed === 0) ||
  f.tallies.some(tally => tally.firstProgressNew !== null) ||
  f.inPhaseMs >= f.limits.measureMs;

export const refusalsOf = (f: Facts): Refusal[] =>
  f.finalRefusals.length > 0 ? f.finalRefusals : f.proof.refusals;

/** How long ago hosts were told to go over, ms. */
export const sinceRoutedMs = (f: Facts): number =>
  f.window.routedAt === null ? 0 : f.now - Date.parse(f.window.routedAt);

/** Those that were waited for came in sooner than was known: the others need not wait so long either. */
export function soonerArrival(f: Facts): number | null {
  const { arriveAt, drainDeadline } = f.window;
  if (arriveAt === null || drainDeadline === null || !f.staying.every(host => host.answered)) return null;
  const arrival = arrivalOf(f.blockers, f.running, f.now, Date.parse(drainDeadline));
  return arrival !== null && arrival < Date.parse(arriveAt) - SLOW_MS ? arrival : null;
}

/** The slow ones have come in, or it is time for the others: all are asked now. */
export const isTimeForAll = (f: Facts): boolean =>
  f.window.arriveAt !== null &&
  (hasPassed(f.window.arriveAt, f.now) ||
    f.staying.every(host => host.answered && (host.app!.comingIn ?? 0) === 0));

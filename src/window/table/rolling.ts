import { formatDuration } from '../../platform/duration.js';
import type { Facts, HostView } from '../facts.js';
import { hasPassed } from '../facts.js';
import { asked, brokenHosts, hasResumed, isReady } from './conditions.js';
import { count, describeRefusal, percent, releaseName } from './sentences.js';
import { allDone, failed, tasksOf, taskWays, unknown } from './tasks.js';
import { becauseBack, goingBack, hold, outcomeBack } from './turning.js';
import { endsOf, since, whyBad } from './watch.js';
import { backward, forward, iso, type Transition } from './way.js';

/** How long a share waits for enough ends beyond its time, in such times. */
const PATIENCE = 3;

const hasMoved = (f: Facts, host: HostView): boolean => f.window.moved.includes(host.id);

/** It runs the release, its runs go on there, and it has workers for more. */
const isSettled = (f: Facts, host: HostView): boolean =>
  host.answered && host.app!.release === f.target && hasResumed(host) && (host.app!.ready ?? 1) > 0;

const left = (f: Facts): HostView[] => f.staying.filter(host => !hasMoved(f, host));
const moving = (f: Facts): HostView[] => f.staying.filter(host => hasMoved(f, host) && !isSettled(f, host));

const sinceMs = (f: Facts, time: string | null): number => (time === null ? 0 : f.now - Date.parse(time));

const isSharing = (f: Facts): boolean => f.window.canary !== null && f.window.moved.length === 0;

/** The next share of a canary; `undefined`: it has had them all. */
const nextShare = ({ window }: Facts): number | undefined =>
  window.canary?.steps.find(step => step > window.share);

/** The present share was watched for its time, and enough came of it; a job of which little comes is not waited for without end. */
function isContent(f: Facts): boolean {
  const { canary, watch, watched, sharedAt } = f.window;
  const ms = sinceMs(f, sharedAt);
  if (!canary || ms < canary.stepMs) return false;
  const ends = watched ? endsOf(since(watched.baseline, f.records.new)) : 0;
  return ends >= (watch?.minRuns ?? 0) || ms >= canary.stepMs * PATIENCE;
}

/** The next hosts, when those before work and the pause is over. */
function nextBatch(f: Facts): string[] {
  const { rolling, movedAt } = f.window;
  const { batch, pauseMs } = rolling ?? { batch: Number.POSITIVE_INFINITY, pauseMs: 0 };
  if (moving(f).length > 0 || (movedAt !== null && sinceMs(f, movedAt) < pauseMs)) return [];
  const ready = left(f).filter(host => isReady(f, host));
  return ready.slice(0, batch).map(host => host.id);
}

const isLate = (f: Facts): boolean =>
  moving(f).length > 0 && sinceMs(f, f.window.movedAt) >= f.window.drainTimeoutMs;

function whyBack(f: Facts): string | null {
  if (asked('abort')(f)) return `aborted by ${f.window.request!.by}`;
  if (hasPassed(f.window.endsBy, f.now)) return "the window's time was over before all hosts had moved";
  const [broken] = brokenHosts(f);
  if (broken)
    return `${releaseName(f.target)} does not load on host ${broken.id}: ${broken.app!.standby!.error}`;
  if (f.finalRefusals.length > 0) return describeRefusal(f.finalRefusals, f.finalRefusals.length);
  const slow = moving(f).map(host => host.id);
  if (isLate(f) && f.window.onDrainTimeout === 'abort')
    return `${slow.join(', ')} did not go over within ${formatDuration(f.window.drainTimeoutMs)}`;
  if (f.window.forced && sinceMs(f, f.window.movedAt) >= f.window.drainTimeoutMs + f.limits.forceMs)
    return `${slow.join(', ')} did not go over, not even by force`;
  return whyBad(f);
}

/** Side by side: the old release runs where the new one does not yet. No hook has stopped anything, so there is always a way back. */
const FORWARD: Transition[] = [
  {
    from: 'swapping',
    to: 'swapping',
    when: f => whyBack(f) !== null,
    because: f => `${whyBack(f)}: it goes back to ${releaseName(f.window.previousRelease)}`,
    set: f => ({ ...goingBack(f, whyBack(f)!, 'swapping'), refusals: f.finalRefusals }),
  },
  {
    from: 'swapping',
    to: 'swapping',
    when: f => isLate(f) && f.window.onDrainTimeout === 'force' && !f.window.forced,
    because: f =>
      `${moving(f)
        .map(host => host.id)
        .join(', ')} took too long: what still runs there is stopped by force`,
    set: () => ({ forced: true }),
  },
  {
    from: 'swapping',
    to: 'swapping',
    when: f => isSharing(f) && nextShare(f) !== undefined && (f.window.share === 0 || isContent(f)),
    because: f => `${percent(nextShare(f)!)} of the new runs start on ${releaseName(f.target)}`,
    set: f => ({ share: nextShare(f)!, sharedAt: iso(f.now) }),
  },
  {
    from: 'swapping',
    to: 'swapping',
    when: f => (!isSharing(f) || isContent(f)) && nextBatch(f).length > 0,
    because: f =>
      `${nextBatch(f).join(', ')} ${nextBatch(f).length === 1 ? 'goes' : 'go'} over to ${releaseName(f.target)}`,
    set: f => ({ moved: [...f.window.moved, ...nextBatch(f)], movedAt: iso(f.now), forced: false }),
  },
  {
    from: 'swapping',
    to: 'resuming',
    when: f => f.staying.length > 0 && left(f).length === 0 && moving(f).length === 0,
    because: f => `${count(f.staying.length, 'host')} on ${releaseName(f.target)}`,
    set: f => ({ routedAt: iso(f.now), running: f.target, moved: [], share: 0 }),
  },
];

const isHome = (f: Facts): boolean =>
  f.staying.every(host => isSettled(f, host) && (host.app!.ahead ?? 0) === 0);
const sinceTurn = (f: Facts): number => sinceMs(f, f.window.rollback!.at);

/** Who is not back by now starts nothing before it is: the others go on without it. */
const isGivenUp = (f: Facts): boolean =>
  f.window.forced && sinceTurn(f) >= f.window.drainTimeoutMs + f.limits.forceMs + f.limits.swapMs;

/** A hook that is a job computes in the standby's workers, which is no reason to wait for them to be empty. */
const isUndoing = (f: Facts): boolean =>
  tasksOf(f.window, 'undo').some(({ state, attempt }) => state !== 'done' && attempt > 0);

const BACK: Transition[] = [
  hold(
    {
      from: 'swapping',
      when: f => (failed(f.window, 'undo') ?? unknown(f.window, 'undo')) !== undefined,
      because: f => `the undo hook ${(failed(f.window, 'undo') ?? unknown(f.window, 'undo'))!.name} failed`,
    },
    f => (failed(f.window, 'undo') ?? unknown(f.window, 'undo'))!.name,
  ),
  ...taskWays('swapping', 'undo', f => isHome(f) || isGivenUp(f) || isUndoing(f)),
  {
    from: 'swapping',
    to: 'swapping',
    when: f => !isHome(f) && !f.window.forced && sinceTurn(f) >= f.window.drainTimeoutMs,
    because: () => 'what has not come back yet is stopped by force',
    set: () => ({ forced: true }),
  },
  {
    from: 'swapping',
    to: 'done',
    outcome: outcomeBack,
    when: f => (isHome(f) || isGivenUp(f)) && allDone(f.window, 'undo'),
    because: becauseBack,
  },
];

const sideBySide = (ways: Transition[]): Transition[] =>
  ways.map(way => ({ ...way, when: f => f.window.strategy !== 'window' && way.when(f) }));

export const ROLLING: Transition[] = sideBySide([...forward(FORWARD), ...backward(BACK)]);

import { formatDuration } from '../../platform/duration.js';
import { arrivalOf } from '../arrival.js';
import type { Facts } from '../facts.js';
import { hasPassed } from '../facts.js';
import { asked, brokenHosts, isReady } from './conditions.js';
import { count, describeRefusal, describeUnready, gone, nobodyKnows, releaseName } from './sentences.js';
import { allDone, failed, tasksOf, taskWays, unknown } from './tasks.js';
import { hold } from './turning.js';
import { startOfWatch } from './watch.js';
import { iso, type Transition } from './way.js';

const isPrepared = (f: Facts): boolean =>
  f.staying.length > 0 && f.staying.every(host => isReady(f, host)) && f.proof.done;

const isFinished = (f: Facts): boolean => isPrepared(f) && allDone(f.window, 'before');

const readySentence = (f: Facts): string =>
  `${count(f.staying.length, 'host')} ready, every saved state can be read by ${releaseName(f.window.release)}`;

/** Those that leave in good order are no sign of trouble, and whoever comes meanwhile stands in for one. A host alone may be in the middle of a restart. */
const isHalfGone = ({ gone, staying, window }: Facts): boolean =>
  window.hosts.length > 1 && gone.length > 0 && gone.length >= staying.length;

export const PREPARING: Transition[] = [
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
    when: f => brokenHosts(f).length > 0,
    because: f =>
      `${releaseName(f.window.release)} does not load on host ${brokenHosts(f)
        .map(({ id }) => id)
        .join(', ')}: ${brokenHosts(f)[0]!.app!.standby!.error ?? 'no reason given'}. Nothing was paused`,
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
    when: f => failed(f.window, 'before') !== undefined,
    because: f => {
      const { name, error } = failed(f.window, 'before')!;
      return `hook ${name} failed: ${error}. Nothing was paused`;
    },
  },
  hold(
    {
      from: 'preparing',
      when: f => unknown(f.window, 'before') !== undefined,
      because: f => nobodyKnows(unknown(f.window, 'before')!),
    },
    f => unknown(f.window, 'before')!.name,
  ),
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
    when: f =>
      !isAtHooks(f) &&
      ((!isPrepared(f) && f.inPhaseMs >= f.limits.prepareMs) || hasPassed(f.window.endsBy, f.now)),
    because: f => `not ready after ${formatDuration(f.inPhaseMs)}: ${describeUnready(f)}. Nothing was paused`,
  },
  {
    from: 'preparing',
    to: 'done',
    outcome: 'refused',
    when: f => isHalfGone(f) && !isAtHooks(f),
    because: f =>
      `host ${f.gone.join(', ')} fell silent, which leaves ${count(f.staying.length, 'host')}: start the others again, then deploy again. Nothing was paused`,
  },
  {
    from: 'preparing',
    to: 'preparing',
    when: f => f.vanished.length > 0,
    because: f => `${gone(f)}: what it had saved is proven again`,
    set: f => ({ proofRound: f.window.proofRound + 1 }),
  },
  ...taskWays('preparing', 'before', f => isPrepared(f) || isAtHooks(f)),
  {
    from: 'preparing',
    to: 'draining',
    when: f => f.window.strategy === 'window' && isFinished(f),
    because: readySentence,
    set: f => {
      const deadline = Math.min(f.now + f.window.drainTimeoutMs, Date.parse(f.window.endsBy!));
      const arrival = arrivalOf(f.blockers, f.running, f.now, deadline);
      return { drainDeadline: iso(deadline), arriveAt: arrival === null ? null : iso(arrival) };
    },
  },
  {
    from: 'preparing',
    to: 'verifying',
    when: f => isFinished(f) && tasksOf(f.window, 'verify').length > 0,
    because: readySentence,
  },
  {
    from: 'preparing',
    to: 'swapping',
    when: isFinished,
    because: readySentence,
    set: f => ({ watched: startOfWatch(f) }),
  },
];

/** All was prepared, and the first hook has begun: from then on hooks take the time that they take, whatever hosts do meanwhile. */
function isAtHooks(f: Facts): boolean {
  return tasksOf(f.window, 'before').some(task => task.attempt > 0);
}

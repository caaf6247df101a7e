import type { Facts } from '../facts.js';
import { hasPassed } from '../facts.js';
import { asked } from './conditions.js';
import { count, releaseName } from './sentences.js';
import { allDone, failed, tasksOf, taskWays } from './tasks.js';
import { straight, turnBack } from './turning.js';
import { startOfWatch } from './watch.js';
import type { Transition } from './way.js';

const isBad = (f: Facts): boolean =>
  failed(f.window, 'verify') !== undefined || asked('abort')(f) || hasPassed(f.window.endsBy, f.now);

function why(f: Facts): string {
  const probe = failed(f.window, 'verify');
  if (probe) return `probe ${probe.name} failed on ${releaseName(f.window.release)} (${probe.error})`;
  return asked('abort')(f)
    ? `aborted by ${f.window.request!.by}`
    : "the window's time was over before all probes had passed";
}

const good = (f: Facts): string =>
  `${count(tasksOf(f.window, 'verify').length, 'probe')} passed on ${releaseName(f.window.release)}`;

const baseline = (f: Facts) => ({ watched: startOfWatch(f) });

export const VERIFYING: Transition[] = [
  {
    // Side by side nothing has moved yet: the old release never stopped.
    from: 'verifying',
    to: 'done',
    outcome: 'aborted',
    when: f => f.window.strategy !== 'window' && isBad(f),
    because: f => `${why(f)}. Nothing was moved`,
  },
  ...turnBack({ from: 'verifying', when: isBad, because: why }, straight),
  ...taskWays('verifying', 'verify', () => true),
  {
    from: 'verifying',
    to: 'swapping',
    when: f => f.window.strategy !== 'window' && allDone(f.window, 'verify'),
    because: good,
    set: baseline,
  },
  {
    from: 'verifying',
    to: 'resuming',
    when: f => allDone(f.window, 'verify'),
    because: good,
    set: baseline,
  },
];

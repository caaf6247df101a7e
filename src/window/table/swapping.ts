import type { Facts } from '../facts.js';
import { hasPassed } from '../facts.js';
import { isAllStill, isSwapped, sinceRoutedMs } from './conditions.js';
import { count, nobodyKnows, releaseName } from './sentences.js';
import { allDone, failed, tasksOf, taskWays, unknown } from './tasks.js';
import { hold, straight, turnBack } from './turning.js';
import { startOfWatch } from './watch.js';
import { backward, forward, iso, type Transition } from './way.js';

const isRouted = (f: Facts): boolean => f.window.routedAt !== null;

/** On the way forward the hooks that need everything to stand still, on the way back those that undo them. */
const hooks = (when: 'stopped' | 'undo', isTheirTurn: (f: Facts) => boolean, then: string): Transition[] => [
  hold(
    {
      from: 'swapping',
      when: f => unknown(f.window, when) !== undefined,
      because: f => nobodyKnows(unknown(f.window, when)!),
    },
    f => unknown(f.window, when)!.name,
  ),
  ...taskWays('swapping', when, f => !isRouted(f) && isTheirTurn(f)),
  {
    from: 'swapping',
    to: 'swapping',
    when: f => !isRouted(f) && allDone(f.window, when),
    because: f =>
      `${tasksOf(f.window, when).length > 0 ? then : 'hosts'} go over to ${releaseName(f.target)}`,
    set: f => ({ routedAt: iso(f.now), running: f.target }),
  },
];

/** All of them, or those that came in time. */
const isOver = (f: Facts): boolean =>
  isRouted(f) &&
  (f.staying.every(host => isSwapped(f, host)) ||
    sinceRoutedMs(f) >= f.limits.swapMs ||
    hasPassed(f.window.endsBy, f.now));

function overSentence(f: Facts): string {
  const late = f.staying.filter(host => !isSwapped(f, host)).map(host => host.id);
  if (late.length === 0) return `${count(f.staying.length, 'host')} on ${releaseName(f.target)}`;
  return `the others go on without ${late.join(', ')}, which can start nothing before it has ${releaseName(f.target)}`;
}

const FORWARD: Transition[] = [
  ...turnBack(
    {
      from: 'swapping',
      when: f => !isRouted(f) && failed(f.window, 'stopped') !== undefined,
      because: f =>
        `hook ${failed(f.window, 'stopped')!.name} failed (${failed(f.window, 'stopped')!.error})`,
    },
    straight,
    f => failed(f.window, 'stopped')!.name,
  ),
  ...turnBack(
    {
      from: 'swapping',
      when: f => !isRouted(f) && hasPassed(f.window.endsBy, f.now) && !isHookRunning(f),
      because: () => "the window's time was over before the hooks were done",
    },
    straight,
    f => tasksOf(f.window, 'stopped').find(task => task.state === 'pending')?.name ?? null,
  ),
  ...hooks('stopped', f => isAllStill(f) || isHookRunning(f), 'the hooks are done: hosts'),
  {
    from: 'swapping',
    to: 'verifying',
    when: f => isOver(f) && tasksOf(f.window, 'verify').length > 0,
    because: overSentence,
  },
  {
    from: 'swapping',
    to: 'resuming',
    when: isOver,
    because: overSentence,
    set: f => ({ watched: startOfWatch(f) }),
  },
];

const BACK: Transition[] = [
  hold(
    {
      from: 'swapping',
      when: f => failed(f.window, 'undo') !== undefined,
      because: f =>
        `the undo hook ${failed(f.window, 'undo')!.name} failed (${failed(f.window, 'undo')!.error})`,
    },
    f => failed(f.window, 'undo')!.name,
  ),
  ...hooks('undo', () => true, 'it is undone: hosts'),
  { from: 'swapping', to: 'resuming', when: isOver, because: overSentence },
];

const ofStops = (ways: Transition[]): Transition[] =>
  ways.map(way => ({ ...way, when: f => f.window.strategy === 'window' && way.when(f) }));

export const SWAPPING: Transition[] = ofStops([...forward(FORWARD), ...backward(BACK)]);

function isHookRunning(f: Facts): boolean {
  return tasksOf(f.window, 'stopped').some(task => task.state === 'running');
}

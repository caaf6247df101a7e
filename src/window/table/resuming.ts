import type { Facts } from '../facts.js';
import { hasPassed, sum } from '../facts.js';
import { hasResumed, isMeasured } from './conditions.js';
import { count, describeSwap } from './sentences.js';
import { tasksOf } from './tasks.js';
import { becauseBack, outcomeBack } from './turning.js';
import { backward, forward, type Transition } from './way.js';

const isBack = (f: Facts): boolean => f.staying.every(hasResumed);
const isLate = (f: Facts): boolean => f.inPhaseMs >= f.limits.resumeMs || hasPassed(f.window.endsBy, f.now);
const isToBeWatched = (f: Facts): boolean => f.window.watch !== null || tasksOf(f.window, 'after').length > 0;

function notYet(f: Facts): string {
  const missing = sum(f.staying, host => host.app?.resuming ?? 0);
  return isBack(f) ? '' : `; ${count(missing, 'run')} not yet seen running`;
}

const FORWARD: Transition[] = [
  {
    from: 'resuming',
    to: 'watching',
    when: f => isToBeWatched(f) && (isBack(f) || isLate(f)),
    because: f => `intake is open on the new release${notYet(f)}`,
  },
  {
    from: 'resuming',
    to: 'done',
    outcome: 'completed',
    when: f => (isBack(f) && isMeasured(f)) || isLate(f),
    because: f => `${describeSwap(f)}${notYet(f)}`,
  },
];

const BACK: Transition[] = [
  {
    from: 'resuming',
    to: 'done',
    outcome: outcomeBack,
    when: f => (isBack(f) && isMeasured(f)) || isLate(f),
    because: f => `${becauseBack(f)}${notYet(f)}`,
  },
];

export const RESUMING: Transition[] = [...forward(FORWARD), ...backward(BACK)];

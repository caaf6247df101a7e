import { formatDuration } from '../../platform/duration.js';
import type { Facts } from '../facts.js';
import { hasPassed } from '../facts.js';
import { asked } from './conditions.js';
import { count, describeSwap, nobodyKnows } from './sentences.js';
import { isAtHooks, tasksOf, taskWays, unknown } from './tasks.js';
import { hold, throughDrain, turnBack } from './turning.js';
import { endsOf, tooFew, watchedOf, whyBad } from './watch.js';
import type { Transition } from './way.js';

/** Once a last hook has begun the release is taken for good: what it does may be what the former code needs. */
const isBad = (f: Facts): boolean =>
  asked('abort')(f) || (!isAtHooks(f.window, 'after') && whyBad(f) !== null);

const isWatchOver = (f: Facts): boolean =>
  f.window.watch === null ||
  asked('end')(f) ||
  f.inPhaseMs >= f.window.watch.durationMs ||
  hasPassed(f.window.endsBy, f.now);

/** A failed one is told of; the new release works, and is not given up for it. Past the end of the window none begins. */
const areHooksOver = (f: Facts): boolean =>
  tasksOf(f.window, 'after').every(
    ({ state }) => state !== 'running' && (state !== 'pending' || hasPassed(f.window.endsBy, f.now)),
  );

const isTimeForHooks = (f: Facts): boolean =>
  isWatchOver(f) &&
  (!hasPassed(f.window.endsBy, f.now) || tasksOf(f.window, 'after').some(({ state }) => state === 'running'));

function howItWent(f: Facts): string {
  const hooks = tasksOf(f.window, 'after')
    .flatMap(({ name, state, error }) =>
      state === 'failed'
        ? `; hook ${name} failed (${error})`
        : state === 'pending'
          ? `; hook ${name} was not begun, as the window's time was over`
          : [],
    )
    .join('');
  const seen = watchedOf(f.window, f.records);
  if (f.window.watch === null || seen === null) return hooks;
  const few = tooFew(f.window.watch, seen);
  const ended = asked('end')(f) ? `, ended by ${f.window.request!.by}` : '';
  const took = formatDuration(f.inPhaseMs);
  const found =
    few === null
      ? `watched for ${took}${ended}: ${seen.new.failed} of ${count(endsOf(seen.new), 'end')} failed`
      : `watched for ${took}${ended}, which ${few}`;
  return `; ${found}${hooks}`;
}

export const WATCHING: Transition[] = [
  ...turnBack(
    {
      from: 'watching',
      when: isBad,
      because: f => (asked('abort')(f) ? `aborted by ${f.window.request!.by}` : whyBad(f)!),
    },
    throughDrain,
  ),
  hold(
    {
      from: 'watching',
      when: f => unknown(f.window, 'after') !== undefined,
      because: f => nobodyKnows(unknown(f.window, 'after')!),
    },
    f => unknown(f.window, 'after')!.name,
  ),
  ...taskWays('watching', 'after', isTimeForHooks),
  {
    from: 'watching',
    to: 'done',
    outcome: 'completed',
    when: f => isWatchOver(f) && areHooksOver(f),
    because: f => `${describeSwap(f)}${howItWent(f)}`,
  },
];

import { describeFreeze } from '../../model/freeze.js';
import { formatDuration } from '../../platform/duration.js';
import { asked, isDue } from './conditions.js';
import { releaseName } from './sentences.js';
import { iso, type Transition } from './way.js';

const isWaitingForApproval = ({
  window,
}: {
  window: { requiresApproval: boolean; approvedBy: string | null };
}) => window.requiresApproval && window.approvedBy === null;

export const SCHEDULED: Transition[] = [
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
    when: f =>
      (!asked('start')(f) || isWaitingForApproval(f)) &&
      Date.parse(f.window.startsAt) + f.window.maxDurationMs <= f.now,
    because: f => {
      const why = f.busy
        ? `window ${f.busy} took longer`
        : isWaitingForApproval(f)
          ? 'nobody had approved it'
          : 'no server was there';
      return `its time (${f.window.startsAt}, ${formatDuration(f.window.maxDurationMs)}) passed before it could begin: ${why}`;
    },
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
    to: 'done',
    outcome: 'refused',
    when: f => isDue(f) && f.freeze !== null,
    because: f => describeFreeze(f.freeze!),
  },
  {
    from: 'scheduled',
    to: 'preparing',
    when: f => isDue(f) && !isWaitingForApproval(f),
    because: f => (asked('start')(f) ? `started by ${f.window.request!.by}` : 'its time has come'),
    set: f => ({
      previousRelease: f.current,
      running: f.current,
      queues: f.queues,
      endsBy: iso(f.now + f.window.maxDurationMs),
      proofRound: 1,
      request: null,
    }),
  },
];

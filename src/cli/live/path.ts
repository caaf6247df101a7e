import type { Phase, PhaseEntry, Window } from '../../model/window.js';

/** A phase that was entered (`bad`: the one that made it turn round), one that is still to come, or the turn. */
export type Stage = { phase: Phase; entry: PhaseEntry | null; bad: boolean } | { turned: string };

/** The way of a window: what it has been through, and what lies before it if nothing goes wrong. */
export function stagesOf(window: Window): Stage[] {
  const { rollback } = window;
  const been = window.phases.filter(({ phase, ms }, i) => {
    // One in the middle is where the window was held.
    const isHere = i === window.phases.length - 1;
    return phase !== 'scheduled' && !(phase === 'done' && (isHere || ms === null));
  });
  // Side by side it turns round within a phase.
  const found = rollback ? been.findIndex(entry => entry.at >= rollback.at) : -1;
  const at = found < 0 ? been.length : found;
  const stages: Stage[] = been.map((entry, i) => ({
    phase: entry.phase,
    entry,
    bad: i === at - 1 && found >= 0,
  }));
  if (rollback)
    stages.splice(at, 0, { turned: `back to ${window.previousRelease ?? 'nothing'}: ${rollback.because}` });
  const path = pathOf(window);
  const ahead = window.phase === 'done' ? [] : path.slice(path.indexOf(window.phase) + 1);
  return [...stages, ...ahead.map(phase => ({ phase, entry: null, bad: false }))];
}

function pathOf({ strategy, rollback, probes, watch, hooks }: Window): Phase[] {
  if (rollback) return strategy === 'window' ? ['draining', 'swapping', 'resuming'] : ['swapping'];
  const verifying: Phase[] = probes.length > 0 ? ['verifying'] : [];
  const watching: Phase[] = watch || hooks.some(hook => hook.when === 'after') ? ['watching'] : [];
  return strategy === 'window'
    ? ['preparing', 'draining', 'swapping', ...verifying, 'resuming', ...watching]
    : ['preparing', ...verifying, 'swapping', 'resuming', ...watching];
}

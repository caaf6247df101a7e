import type { Phase, PhaseEntry, Window } from '../../model/window.js';

/** A phase that was entered, one that is still to come, or the point at which the window turned round. */
export type Stage = { phase: Phase; entry: PhaseEntry | null } | { turned: string };

/** The way of a window: what it has been through, and what lies before it if nothing goes wrong. */
export function stagesOf(window: Window): Stage[] {
  const { rollback } = window;
  const been = window.phases.filter(({ phase, ms }, i) => {
    // One in the middle is where the window was held.
    const isHere = i === window.phases.length - 1;
    return phase !== 'scheduled' && !(phase === 'done' && (isHere || ms === null));
  });
  const stages: Stage[] = been.map(entry => ({ phase: entry.phase, entry }));
  if (rollback) {
    const at = been.findIndex(entry => entry.at >= rollback.at);
    const turned = { turned: `back to ${window.previousRelease ?? 'nothing'}: ${rollback.because}` };
    stages.splice(at < 0 ? stages.length : at, 0, turned);
  }
  const path = pathOf(window);
  const ahead = window.phase === 'done' ? [] : path.slice(path.indexOf(window.phase) + 1);
  return [...stages, ...ahead.map(phase => ({ phase, entry: null }))];
}

function pathOf({ strategy, rollback, probes, watch, hooks }: Window): Phase[] {
  if (rollback) return strategy === 'window' ? ['draining', 'swapping', 'resuming'] : ['swapping'];
  const verifying: Phase[] = probes.length > 0 ? ['verifying'] : [];
  const watching: Phase[] = watch || hooks.some(hook => hook.when === 'after') ? ['watching'] : [];
  return strategy === 'window'
    ? ['preparing', 'draining', 'swapping', ...verifying, 'resuming', ...watching]
    : ['preparing', ...verifying, 'swapping', 'resuming', ...watching];
}

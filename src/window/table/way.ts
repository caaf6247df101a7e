import type { Outcome, Phase, Window } from '../../model/window.js';
import type { Facts } from '../facts.js';

/**
 * One way from phase to phase. `because` is kept with the phase and shown to people; with an `outcome` it becomes the summary of the
 * window. `set` gives the fields of the window that change beside its phase.
 */
export interface Transition {
  from: Phase;
  to: Phase;
  outcome?: Outcome | ((facts: Facts) => Outcome);
  when: (facts: Facts) => boolean;
  because: (facts: Facts) => string;
  set?: (facts: Facts) => Partial<Window>;
}

export const iso = (ms: number): string => new Date(ms).toISOString();

/** Only while the window goes forward, or only on its way back. */
export const forward = (ways: Transition[]): Transition[] => narrowed(ways, f => f.window.rollback === null);
export const backward = (ways: Transition[]): Transition[] => narrowed(ways, f => f.window.rollback !== null);

const narrowed = (ways: Transition[], only: (facts: Facts) => boolean): Transition[] =>
  ways.map(way => ({ ...way, when: f => only(f) && way.when(f) }));

import type { HostStatus } from '../../../src/model/intent.js';
import type { Choice, Outcome, Phase, Request, Window } from '../../../src/model/window.js';
import type { Observation } from '../../../src/window/facts.js';
import { iso, REVISION, T0 } from '../../support/window-samples.js';

export const STALE = REVISION - 1;

export const ask = (kind: Request['kind'], choice?: Choice): Request => ({
  kind,
  by: 'ann',
  at: iso(T0),
  ...(choice && { choice }),
});

/** One look at a window, and what is decided. */
export interface Case {
  when: string;
  window: Window;
  hosts?: HostStatus[];
  seen?: Partial<Observation>;
  at?: number;
  /** Absent: the window waits. */
  to?: Phase;
  outcome?: Outcome;
  because?: RegExp;
  set?: Partial<Window>;
}

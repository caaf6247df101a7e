import type { Outcome } from '../model/window.js';

/** What the shell is told. Fixed by contract; the last two are what shells say of a program that a signal ended. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  conflict: 3,
  rolledBack: 4,
  timeout: 5,
  held: 6,
  interrupted: 130,
  terminated: 143,
} as const;

const OF_OUTCOME: Record<Outcome, number> = {
  completed: EXIT.ok,
  aborted: EXIT.failed,
  refused: EXIT.failed,
  cancelled: EXIT.failed,
  missed: EXIT.failed,
  'rolled-back': EXIT.rolledBack,
  held: EXIT.held,
};

export const exitOfOutcome = (outcome: Outcome): number => OF_OUTCOME[outcome];

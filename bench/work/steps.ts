import { setTimeout as wait } from 'node:timers/promises';
import type { Ledger } from '../support/ledger.js';

/** What a run carries from step to step. */
export interface StepState {
  step: number;
  /** Depends on every step in its order: a step left out, repeated or swapped gives another one. */
  sum: number;
  /** Makes the state as large as the question wants it. */
  fill: string;
}

export function freshState(bytes: number): StepState {
  const bare = { step: 0, sum: 0, fill: '' };
  return { ...bare, fill: 'x'.repeat(Math.max(0, bytes - JSON.stringify(bare).length)) };
}

export const nextSum = (sum: number, step: number): number => (sum * 31 + step) % 1_000_003;

/** A step as long as this is broken off when the bench asks for the end. */
const LONG_MS = 1_000;

export interface Walk {
  ledger: Ledger;
  run: string;
  attempt: number;
  state: StepState;
  stepMs: number;
  /** Called after each step; it may end the walk by throwing. */
  save(state: StepState): unknown;
  /** Ends the walk before the bench asks for it. */
  enough?(): boolean;
}

/** The same work for every contestant: steps of some milliseconds, a state that grows with them, a line in the ledger for each. */
export async function walk({ ledger, run, attempt, state, stepMs, save, enough }: Walk): Promise<StepState> {
  const stretch = ledger.begin(run, attempt);
  try {
    do {
      if (stepMs < LONG_MS) await wait(stepMs);
      else if (!(await longStep(stepMs, ledger.finished))) break;
      state.step += 1;
      state.sum = nextSum(state.sum, state.step);
      ledger.did(stretch, state.step, state.sum);
      await save(state);
    } while (!ledger.finishing && !enough?.());
    return state;
  } finally {
    ledger.end();
  }
}

const longStep = (ms: number, signal: AbortSignal): Promise<boolean> =>
  wait(ms, true, { signal }).catch(() => false);

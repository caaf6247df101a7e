import { monotonicMs } from '../support/clock.js';

/** What a job with counters by key saves: small values, many of them, as sums by airport or customer are. */
export interface CounterState {
  step: number;
  counts: Record<string, number>;
}

/** @returns a state that takes about so many bytes as JSON. */
export function counterState(bytes: number): CounterState {
  const state: CounterState = { step: 0, counts: {} };
  const empty = JSON.stringify(state).length;
  for (let i = 0; empty + i * 14 < bytes - 7; i++)
    state.counts[`k${String(i).padStart(4, '0')}`] = 10_000 + i;
  return state;
}

/** Computes for so many microseconds. */
export function spin(us: number): void {
  for (const until = process.hrtime.bigint() + BigInt(us * 1_000); process.hrtime.bigint() < until; );
}

/** A tight loop of computing steps, each of which changes the state. @returns how long it took, and how much of that the offers did, ms. */
export async function loop(
  state: CounterState,
  { steps, us, offer }: { steps: number; us: number; offer?: (state: CounterState) => Promise<unknown> },
): Promise<{ ms: number; offersMs: number }> {
  const keys = Object.keys(state.counts);
  let offersMs = 0;
  const from = monotonicMs();
  for (let i = 0; i < steps; i++) {
    spin(us);
    state.step += 1;
    state.counts[keys[i % keys.length]!]! += 1;
    if (!offer) continue;
    const asked = performance.now();
    await offer(state);
    offersMs += performance.now() - asked;
  }
  return { ms: monotonicMs() - from, offersMs };
}

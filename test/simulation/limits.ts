import type { Limits } from '../../src/window/facts.js';

export const LEASE_MS = 3_000;

/** Shorter than in life, so that a story is told in half a minute. The order of their lengths is that of the real ones. */
export const LIMITS: Limits = {
  prepareMs: 6_000,
  noHostMs: 2_000,
  forceMs: 3_000,
  swapMs: 3_000,
  resumeMs: 3_000,
  measureMs: 500,
  signMs: 3_000,
  retryMs: 300,
  heldMs: 8_000,
};

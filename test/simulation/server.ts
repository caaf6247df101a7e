import { holdLease, type Lease } from '../../src/store/lease.js';
import { createEngine, type EngineEvent } from '../../src/window/engine.js';
import type { Limits } from '../../src/window/facts.js';
import { memoryControlPlane, memoryLease } from '../support/memory-control-plane.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import type { Process } from './process.js';

export const LEASE_MS = 3_000;

/** Shorter than in life, so that a story is told in half a minute. The order of their lengths is that of the real ones. */
export const LIMITS: Limits = {
  prepareMs: 6_000,
  noHostMs: 2_000,
  forceMs: 3_000,
  swapMs: 3_000,
  resumeMs: 3_000,
  measureMs: 500,
  signMs: 1_500,
  retryMs: 300,
  heldMs: 8_000,
};

/** How wake-ups reach a process: late, not at all, or twice. */
export type Ring = (process: Process, onWake: () => void) => void;

export interface Server {
  process: Process;
  lease: Lease;
}

/** A real engine and a real lease in a process of the simulation. */
export function startServer(
  process: Process,
  redis: MemoryRedis,
  ring: Ring,
  onStep: (event: Extract<EngineEvent, { type: 'step' }>) => void,
  /** It could not start. */
  onFailure: () => void,
): Server {
  const { clock, send } = process;
  const lease = holdLease(memoryLease(redis, send), { owner: process.name, ttlMs: LEASE_MS, clock });
  const plane = memoryControlPlane(redis, send);
  const watched = {
    ...plane,
    watch(onWake: () => void) {
      const listener = () => ring(process, onWake);
      return {
        async start() {
          redis.listeners.add(listener);
          ring(process, onWake);
        },
        async stop() {
          redis.listeners.delete(listener);
        },
      };
    },
  };
  const engine = createEngine(watched, {
    lease,
    limits: LIMITS,
    clock,
    onEvent: event => event.type === 'step' && onStep(event),
  });
  lease
    .start()
    .then(() => engine.start())
    .catch(onFailure);
  return { process, lease };
}

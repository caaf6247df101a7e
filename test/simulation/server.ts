import { holdLease, type Lease } from '../../src/store/lease.js';
import { createEngine, type EngineEvent } from '../../src/window/engine.js';
import type { TaskRunner } from '../../src/window/tasks/runner.js';
import { memoryControlPlane, memoryLease } from '../support/memory-control-plane.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import { LEASE_MS, LIMITS } from './limits.js';
import type { Process } from './process.js';

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
  tasks: TaskRunner,
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
    tasks,
    onEvent: event => event.type === 'step' && onStep(event),
  });
  lease
    .start()
    .then(() => engine.start())
    .catch(onFailure);
  return { process, lease };
}

import type { Task } from '../../src/model/task.js';
import { taskKey } from '../../src/model/task.js';
import type { Window } from '../../src/model/window.js';
import { signKey } from '../support/memory-control-plane.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import type { Process } from './process.js';
import { LIMITS } from './server.js';

/** How the tries of a hook or probe go, one after the other; the last is for all that follow. `hangs`: killed when its time is over. */
export type Behaviour = ('works' | 'fails' | 'hangs')[];

export interface Try {
  task: string;
  attempt: number;
  /** Whether it did what it is there for: `null` until it did, or will not any more. */
  acted: boolean | null;
}

const TOOK_MS = 120;
const DAY_MS = 86_400_000;

/** Does hooks and probes in a server's process: with it they die. */
export function beginTry(
  process: Process,
  redis: MemoryRedis,
  window: Window,
  task: Task,
  behaviours: Record<string, Behaviour>,
  tries: Try[],
): void {
  const { clock, send } = process;
  const key = signKey(window.id, task);
  const behaviour = behaviours[task.name]!;
  const how = behaviour[Math.min(task.attempt, behaviour.length) - 1]!;
  const mine: Try = { task: taskKey(task), attempt: task.attempt, acted: null };
  tries.push(mine);
  let isOver = false;

  const sign = (state: 'working' | 'done' | 'failed', ttlMs: number) => {
    const written =
      state === 'working' ? { state } : { state, output: '', error: state === 'failed' ? 'no' : null };
    send(() => redis.putSign(key, written, ttlMs), `sign ${task.name} ${state}`).catch(() => {
      // Redis does not take it: the next sign is soon enough, and a result is told until it is heard.
      if (state !== 'working') clock.after(200, () => sign(state, ttlMs));
    });
  };
  const live = () => {
    if (isOver) return;
    sign('working', LIMITS.signMs);
    clock.after(LIMITS.signMs / 4, live);
  };

  live();
  if (how === 'works') clock.after(TOOK_MS / 2, () => (mine.acted = true));
  if (how === 'fails') mine.acted = false;
  clock.after(how === 'hangs' ? 600 : TOOK_MS, () => {
    isOver = true;
    if (how !== 'hangs') sign(how === 'works' ? 'done' : 'failed', DAY_MS);
  });
}

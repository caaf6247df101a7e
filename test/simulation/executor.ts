import { taskKey } from '../../src/model/task.js';
import type { Clock } from '../../src/platform/clock.js';
import type { SignBoard } from '../../src/window/tasks/begun-try.js';
import { TaskRunner } from '../../src/window/tasks/runner.js';
import {
  aborted,
  done,
  type Executor,
  failed,
  lost,
  type Try,
  whyGivenUp,
} from '../../src/window/tasks/try.js';
import { signKey } from '../support/memory-control-plane.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import { LIMITS } from './limits.js';
import type { Process } from './process.js';

/** How the tries of a hook or probe go, one after the other; the last is for all that follow. `hangs`: killed when its time is over. */
export type Behaviour = ('works' | 'fails' | 'hangs')[];

/** One time that a hook or probe was really begun. */
export interface Deed {
  task: string;
  attempt: number;
  /** Whether it did what it is there for: `null` until it did, or will not any more. */
  acted: boolean | null;
}

const TOOK_MS = 120;
const DAY_MS = 86_400_000;

export interface Deeds {
  behaviours: Record<string, Behaviour>;
  /** Somebody begins to do it, now. */
  onBegin(of: Try, deed: Deed): void;
}

/** The real runner in a server's process; what it does happens in the story, and dies with the process. */
export function taskRunner(process: Process, redis: MemoryRedis, deeds: Deeds): TaskRunner {
  const executor = executorOf(process.clock, deeds);
  return new TaskRunner({
    signs: signBoard(process, redis),
    executors: { command: executor, http: executor, job: executor },
    clock: process.clock,
  });
}

function signBoard({ send, name: owner }: Process, redis: MemoryRedis): SignBoard {
  const key = ({ window, task, attempt }: { window: string; task: string; attempt: number }) =>
    signKey(window, task, attempt);
  return {
    begin: of => send(() => redis.beginSign(key(of), owner, LIMITS.signMs), `sign: begins ${of.task}`),
    renew: of => send(() => redis.renewSign(key(of), owner, LIMITS.signMs), `sign: renews ${of.task}`),
    tell: (of, result) =>
      send(() => redis.putSign(key(of), result, DAY_MS), `sign: ${of.task} ${result.state}`),
    now: () => send(() => redis.now(), 'sign: time'),
  };
}

function executorOf(clock: Clock, { behaviours, onBegin }: Deeds): Executor {
  const after = (ms: number) => new Promise<void>(resolve => clock.after(ms, resolve));
  return async (of, signal) => {
    const behaviour = behaviours[of.name]!;
    const how = behaviour[Math.min(of.attempt, behaviour.length) - 1]!;
    const deed: Deed = { task: taskKey(of), attempt: of.attempt, acted: how === 'fails' ? false : null };
    onBegin(of, deed);
    if (how === 'hangs') {
      await aborted(signal);
      return lost(whyGivenUp(signal));
    }
    await after(TOOK_MS / 2);
    if (signal.aborted) return lost(whyGivenUp(signal));
    if (how === 'works') deed.acted = true;
    await after(TOOK_MS / 2);
    return how === 'works' ? done('') : failed('it says no');
  };
}

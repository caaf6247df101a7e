import type { Clock } from '../../platform/clock.js';
import type { EnqueueContext } from '../../queue/enqueue.js';
import type { Queues } from '../../queue/queues.js';
import { redisNow, type Store } from '../../store/redis.js';
import { beginSign, renewSign, tellSign } from '../../store/task-signs.js';
import type { SignBoard } from './begun-try.js';
import { commandExecutor } from './command.js';
import { callHttp } from './http.js';
import { jobExecutor } from './job.js';
import { TaskRunner } from './runner.js';
import { type Executor, failed, type Try } from './try.js';

export interface TaskSettings {
  /** Whether programs may be run here at all. */
  commands: boolean;
  /** Names of environment variables that they get beside PATH, HOME and LANG. */
  env: string[];
  retention: EnqueueContext['retention'];
}

/** @param owner names this process, as for the lease. */
export function redisTaskRunner(
  store: Store,
  queues: Queues,
  owner: string,
  { commands, env, retention }: TaskSettings,
  options: { clock?: Clock; onTrouble?: (error: unknown, of: Try) => void } = {},
): TaskRunner {
  const signs: SignBoard = {
    begin: of => beginSign(store, of, owner),
    renew: of => renewSign(store, of, owner),
    tell: (of, result) => tellSign(store, of, result),
    now: () => redisNow(store.redis),
  };
  const executors = {
    command: commands ? commandExecutor(env) : forbidden,
    http: callHttp,
    job: jobExecutor(store, queues, retention),
  };
  return new TaskRunner({ ...options, signs, executors });
}

/** The server that took the declaration may have allowed them. */
const forbidden: Executor = async () =>
  failed('this server runs no commands (window.commands is false): allow them, or use http or job');

import { randomBytes } from 'node:crypto';
import type { RunAddress } from '../../model/run.js';
import { memberOf } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { tellAgenda } from '../run-requests.js';

const signalScript = script<SignalAnswer | 'again'>('signal-workflow', 4);

/** A signal for a run that has not begun. */
const EARLY_MS = 30 * 24 * 3_600_000;

type SignalAnswer = 'taken' | 'kept' | 'already' | 'over' | 'unknown' | 'gone';

/**
 * A signal for a workflow run. The first of a name counts.
 * @param payload JSON text.
 * @returns `taken`: the step was waiting for it; `kept`: it comes early, also where the run has not begun; `already`: there was one before; `over`: the step has
 * ended without it; `unknown`: the run has no signal of this name; `gone`: there is no such run, or it has ended.
 */
export async function signalWorkflow(
  store: Store,
  address: RunAddress,
  name: string,
  payload: string,
): Promise<SignalAnswer> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const workflow = keys.workflow(queue, jobId);
  const request = randomBytes(6).toString('hex');
  for (;;) {
    const app = (await redis.hget(workflow, 'app')) ?? '';
    const answer = await signalScript(
      redis,
      workflow,
      keys.agenda(app),
      keys.workflowResults(queue, jobId),
      keys.job(queue, jobId),
      memberOf(address),
      name,
      payload,
      EARLY_MS,
      app,
      request,
    );
    // It has begun since its app was read.
    if (answer === 'again') continue;
    if (answer === 'taken') await tellAgenda(store, app);
    return answer;
  }
}

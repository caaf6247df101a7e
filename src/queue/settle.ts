import { type Job, UnrecoverableError } from 'bullmq';
import type { RunError } from '../model/run.js';

/** What becomes of a claim. `lost`: another one owns the run now; nothing is written. `give-back`: to the head of its queue, no attempt spent. */
export type Settlement =
  | { kind: 'completed'; result: unknown }
  /** `keep`: whatever the producer wished, it is not removed: a person has to see it. */
  | { kind: 'ended'; error: RunError; keep?: boolean }
  | { kind: 'retry'; delayMs: number }
  | { kind: 'give-back' }
  /** For another host: this one cannot go on with it. */
  | { kind: 'elsewhere'; delayMs: number }
  /** It stands for a workflow run, whose steps have it brought back when they are done. */
  | { kind: 'aside' }
  /** The claim has ended already: who ended it has moved the run. */
  | { kind: 'moved' }
  | { kind: 'lost' };

/** Whoever claims it then, if it has not been brought back, only puts it aside again. */
const ASIDE_MS = 365 * 24 * 3_600_000;
const AGAIN_FIRST_MS = 100;
const AGAIN_MOST_MS = 2_000;

/**
 * Has the queue record what became of a claim, and does not rest until it has or the lock is another's. The queue library would turn a refused
 * write (a replica, memory short, a failover) into a failed run, or forget about it; a run that ended must neither fail for that nor hang.
 * @param ours whether the lock is still ours, as far as is known here. @returns whether the queue has it.
 */
export async function settle(
  job: Job,
  token: string,
  settlement: Settlement,
  ours: () => boolean,
  onTrouble: (error: Error) => void,
): Promise<boolean> {
  for (let wait = AGAIN_FIRST_MS; ours(); wait = Math.min(2 * wait, AGAIN_MOST_MS)) {
    try {
      await move(job, token, settlement);
      return settlement.kind !== 'lost';
    } catch (error) {
      if (isAnswer(error as Error)) return hasEnded(job);
      onTrouble(error as Error);
    }
    await new Promise(resolve => setTimeout(resolve, wait));
  }
  return false;
}

async function move(job: Job, token: string, settlement: Settlement): Promise<void> {
  switch (settlement.kind) {
    case 'completed':
      await job.moveToCompleted(settlement.result, token, false);
      return;
    case 'ended': {
      if (settlement.keep) job.opts.removeOnFail = false;
      const error = new UnrecoverableError(settlement.error.message);
      error.stack = settlement.error.stack;
      await job.moveToFailed(error, token, false);
      return;
    }
    case 'retry':
      if (settlement.delayMs > 0) return job.moveToDelayed(Date.now() + settlement.delayMs, token);
      await job.moveToWait(token);
      return;
    case 'elsewhere':
      return job.moveToDelayed(Date.now() + settlement.delayMs, token);
    case 'aside':
      return job.moveToDelayed(Date.now() + ASIDE_MS, token);
    case 'give-back':
      await job.moveToWait(token);
      return;
    case 'moved':
    case 'lost':
  }
}

/** The queue's own answer, by number, that the job is not in our hands; everything else is trouble that may pass. */
const isAnswer = (error: Error): boolean => typeof (error as { code?: unknown }).code === 'number';

/** A write whose answer was lost with the connection is sent again, and finds its own work done: the job ended, or is gone already. */
async function hasEnded(job: Job): Promise<boolean> {
  // A queue that cannot be asked has said nothing: then it has not ended, and its state stays.
  const state = await job.getState().catch(() => 'active');
  return ['completed', 'failed', 'unknown'].includes(state);
}

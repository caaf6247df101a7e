import { type Store, script } from './redis.js';

const cancelScript = script<'ok' | 'gone' | 'ended'>('cancel-run', 2);
const reopenScript = script<number>('reopen-run', 4);

export interface RunAddress {
  queue: string;
  jobId: string;
}

/** Channel on which hosts hear that somebody wants something of a run that they may hold: `{ cancel: { queue, id } }`. */
export const runRequests = ({ keys }: Store): string => `${keys.wake}:runs`;

/** Marks a run for its end and tells the hosts. `ended`: it has none left to come. */
export async function requestCancel(
  store: Store,
  { queue, jobId }: RunAddress,
): Promise<'ok' | 'gone' | 'ended'> {
  const { redis, keys } = store;
  const answer = await cancelScript(redis, keys.job(queue, jobId), keys.run(queue, jobId));
  if (answer === 'ok')
    await redis.publish(runRequests(store), JSON.stringify({ cancel: { queue, id: jobId } }));
  return answer;
}

/**
 * Before an ended run is queued again: clears its failures; `restart` also its checkpoint and steps.
 * @returns whether it was there to be reopened: `false` where somebody else was faster.
 */
export async function reopenRun(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  restart: boolean,
): Promise<boolean> {
  const answer = await reopenScript(
    redis,
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    keys.live(queue),
    keys.job(queue, 'failed'),
    jobId,
    restart ? '1' : '0',
  );
  return answer === 1;
}

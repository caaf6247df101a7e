import { type Store, script } from './redis.js';

const cancelScript = script<'ok' | 'gone' | 'ended'>('cancel-run', 2);
const reopenScript = script<number>('reopen-run', 3);

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

/** Before an ended run is queued again: clears its end and its failures; `restart` also its checkpoint and steps. */
export async function reopenRun(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  restart: boolean,
): Promise<void> {
  await reopenScript(
    redis,
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    keys.live(queue),
    jobId,
    restart ? '1' : '0',
  );
}

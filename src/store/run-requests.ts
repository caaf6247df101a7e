import type { RunAddress } from '../model/run.js';
import { memberOf } from './agenda.js';
import { type Store, script } from './redis.js';

const cancelScript = script<CancelAnswer | 'again'>('cancel-run', 6);
const endParkedScript = script<number>('end-parked', 3);
const reopenScript = script<number>('reopen-run', 8);
const callScript = script<number>('call-cancelled', 1);

/** Channel on which hosts hear that somebody wants something of a run: `{ cancel: { queue, id } }` of one that they may hold, `{ agenda: { app } }` of workflow runs. */
export const runRequests = ({ keys }: Store): string => `${keys.wake}:runs`;

/** Tells the hosts that there is something in the agenda of an app: a hint, they look by themselves once a second. */
export async function tellAgenda(store: Store, app: string): Promise<void> {
  await store.redis.publish(runRequests(store), JSON.stringify({ agenda: { app } }));
}

/** Has runs that were cancelled while they were delayed, or in line for a limit, claimed for their end: their time may be far. Others are left alone. */
export async function callCancelled({ redis, keys }: Store, runs: RunAddress[]): Promise<void> {
  await Promise.all(runs.map(({ queue, jobId }) => callScript(redis, keys.queue(queue), jobId)));
}

/** Who wants a run to end, and for what. */
export interface Asker {
  by: string;
  reason?: string | null | undefined;
}

/** `asked`: it was marked before, and the hosts are told once more. `ended`: it has no end left to come. */
type CancelAnswer = 'ok' | 'asked' | 'gone' | 'ended';

/** Marks a run for its end and tells the hosts. Who asked first is kept. */
export async function requestCancel(
  store: Store,
  address: RunAddress,
  { by, reason }: Asker,
): Promise<CancelAnswer> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const workflow = keys.workflow(queue, jobId);
  for (;;) {
    const app = (await redis.hget(workflow, 'app')) ?? '';
    const [job, run, agenda] = [keys.job(queue, jobId), keys.run(queue, jobId), keys.agenda(app)];
    const [steps, live, member] = [keys.steps(queue, jobId), keys.live(queue), memberOf(address)];
    const answer = await cancelScript(
      redis,
      ...[job, run, workflow, agenda, steps, live],
      ...[member, app, jobId, by, reason ?? ''],
    );
    // A workflow that has begun since its app was read.
    if (answer === 'again') continue;
    if (answer === 'gone' || answer === 'ended') return answer;
    await redis.publish(runRequests(store), JSON.stringify({ cancel: { queue, id: jobId } }));
    await callCancelled(store, [address]);
    if (app !== '') await tellAgenda(store, app);
    return answer;
  }
}

/** The parking of a run ends by its end. */
export async function endParked(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  { by, reason }: Asker,
): Promise<void> {
  const [run, live, expiring] = [keys.run(queue, jobId), keys.live(queue), keys.expiring(queue)];
  await endParkedScript(redis, run, live, expiring, jobId, by, reason ?? '');
}

/**
 * Before an ended run is queued again: clears its failures; `restart` also its checkpoint and steps. `keepNote`: that it lacks its job stays noted, until it is in the queue.
 * @returns whether it was there to be reopened: `false` where somebody else was faster.
 */
export async function reopenRun(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  restart: boolean,
  keepNote = false,
): Promise<boolean> {
  const answer = await reopenScript(
    redis,
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    keys.live(queue),
    keys.job(queue, 'failed'),
    keys.workflow(queue, jobId),
    keys.workflowResults(queue, jobId),
    keys.withoutJob(queue),
    keys.reopenedWorkflows(queue),
    jobId,
    restart ? '1' : '0',
    keepNote ? '1' : '0',
  );
  return answer === 1;
}

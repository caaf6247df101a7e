import type { Parked, Run, RunAddress, StepRecord } from '../model/run.js';
import { encodeState } from '../model/state-codec.js';
import { SlackwaterError } from '../platform/errors.js';
import { appendEvent } from '../store/events.js';
import type { Store } from '../store/redis.js';
import { type Asker, endParked, reopenRun, requestCancel, tellAgenda } from '../store/run-requests.js';
import { keepPayloads } from '../store/workflows/again.js';
import { settleStep } from '../store/workflows/settle.js';
import { insteadOf, partOf, wholeOf } from './part-of.js';
import { queueAgain } from './queue-again.js';
import type { Queues } from './queues.js';
import { runIdOf } from './run-id.js';
import { findRun, showRun } from './runs.js';
import { isTaskQueue, windowOfTask } from './task-runs.js';

/**
 * Cancels a run: one that waits is cancelled at once (its host takes it out of the queue later), one that runs is told to stop.
 * Cancelling twice is the same as once: who asked first is kept.
 * @throws SlackwaterError `not-found`; `conflict` for a run that has ended otherwise.
 */
export async function cancelRun(store: Store, id: string, asker: Asker): Promise<Run> {
  const address = await findRun(store, id);
  const answer = await requestCancel(store, address, asker);
  const run = await showRun(store, id);
  if (answer === 'ended' && run.state !== 'cancelled')
    throw wrongState(run, 'cancelled', 'one that has not ended');
  return answer === 'ok' ? announce(store, run) : run;
}

/**
 * Queues a run again that failed, was parked or was cancelled: from its last checkpoint, or with `restart` from the beginning.
 * @throws SlackwaterError `not-found`; `conflict` in any other state, and for a hook or probe of a window.
 */
export async function retryRun(
  store: Store,
  queues: Queues,
  id: string,
  { restart = false }: { restart?: boolean | undefined } = {},
): Promise<Run> {
  const run = await showRun(store, id);
  if (!['failed', 'parked', 'cancelled'].includes(run.state))
    throw wrongState(run, 'retried', 'one that failed, was parked or was cancelled');
  const address = await findRun(store, id);
  if (isTaskQueue(address.queue)) throw partOfWindow(run, address, 'retried');
  if (run.state !== 'parked') await refusePart(store, run, address);
  if (restart) await refuseRestart(store, run, address);
  // Whoever says "again" of an effect of unknown outcome has looked, and says that it was not done.
  await requeue(store, queues, run, { address, restart, unknown: run.parked ? NOT_DONE : undefined });
  return announce(store, await showRun(store, id));
}

/**
 * Ends the parking of a run by one of the choices that it was parked with: `retry` goes on from its checkpoint (an outside effect of unknown
 * outcome is done again), `restart` begins anew, `skip`
 * takes the outside effect of unknown outcome as done, `cancel` ends it (and who asked is kept).
 * @throws SlackwaterError `not-found`; `conflict` where it is not parked, or is a hook or probe of a window and would go on; `bad-request` for another choice.
 */
export async function resumeRun(
  store: Store,
  queues: Queues,
  id: string,
  asker: Asker,
  choice?: string,
): Promise<Run> {
  const run = await showRun(store, id);
  if (run.state !== 'parked' || !run.parked) throw wrongState(run, 'resumed', 'one that is parked');
  const taken = choice ?? onlyChoice(run.parked);
  if (!taken || !run.parked.choices.includes(taken)) throw badChoice(run, run.parked, choice);
  const address = await findRun(store, id);
  if (taken !== 'cancel' && isTaskQueue(address.queue)) throw partOfWindow(run, address, 'resumed');
  if (taken === 'cancel') {
    await settlePart(store, run, address);
    await endParked(store, address, asker);
  } else {
    await requeue(store, queues, run, { address, restart: taken === 'restart', unknown: UNKNOWN[taken] });
  }
  return announce(store, await showRun(store, id));
}

/**
 * Queues a parked run again without a person's word: of outside effects no more is known than before. That it lacks its job is noted until it is in the queue: whoever dies over it
 * leaves it to the next look.
 * @returns whether it was parked. @throws SlackwaterError as `retryRun`.
 */
export async function goOn(store: Store, queues: Queues, address: RunAddress): Promise<boolean> {
  const id = runIdOf(address.queue, address.jobId);
  const run = await showRun(store, id);
  if (run.state !== 'parked') return false;
  await requeue(store, queues, run, { address, restart: false, unknown: undefined, keepNote: true });
  await store.redis.hdel(store.keys.withoutJob(address.queue), address.jobId);
  await announce(store, await showRun(store, id));
  return true;
}

async function announce(store: Store, run: Run): Promise<Run> {
  const { id, job, queue, app, state } = run;
  await appendEvent(store, 'run.state', { run: id, job, queue, app, state });
  return run;
}

interface Requeue {
  address: RunAddress;
  restart: boolean;
  /** What is now known of outside effects of unknown outcome. */
  unknown: StepRecord | undefined;
  /** As of `reopenRun`. */
  keepNote?: boolean;
}

/** Its marks go before it is in the queue, where a host may claim it at once; those that tell how it ended stay until it starts. */
async function requeue(store: Store, queues: Queues, run: Run, how: Requeue): Promise<void> {
  const { address, restart, unknown, keepNote } = how;
  if (!(await reopenRun(store, address, restart, keepNote)))
    throw new SlackwaterError('conflict', `run ${run.id} has just been queued or removed by somebody else`);
  if (unknown) await settleUnknown(store, address, unknown);
  await keepPayloads(store, address);
  const job = await queues.get(address.queue).getJob(address.jobId);
  // Cancelled in the queue and not taken out yet: without the mark it simply waits again.
  if (job?.finishedOn) await queueAgain(job);
}

/** Its workflow waits for a parked run, and is to hear that it has ended. First, so that nothing is lost between the two. */
async function settlePart(store: Store, { id, app }: Run, address: RunAddress): Promise<void> {
  const part = await partOf(store, address);
  if (!part) return;
  const error = { name: 'cancelled', message: 'cancelled', stack: 'cancelled' };
  const answer = await settleStep(store, app, address, part, { kind: 'cancelled', run: id, error });
  if (answer.kind === 'settled') await tellAgenda(store, app);
}

/** What has ended is settled in its workflow. */
async function refusePart(store: Store, { id, state }: Run, address: RunAddress): Promise<void> {
  const part = await partOf(store, address);
  const whole = part && (await wholeOf(store, part));
  if (!whole) return;
  const { id: workflow, step } = whole;
  throw new SlackwaterError(
    'conflict',
    `run ${id} is ${state} and part of workflow run ${workflow} (step "${step}"), which has been told: ${insteadOf(whole)}`,
  );
}

async function refuseRestart(
  { redis, keys }: Store,
  { id, job }: Run,
  { queue, jobId }: RunAddress,
): Promise<void> {
  if (!(await redis.exists(keys.workflow(queue, jobId)))) return;
  throw new SlackwaterError(
    'conflict',
    `run ${id} is one of a workflow, which goes on from what failed: retry it without "restart", or ask for another run (slackwater run ${job})`,
  );
}

const DONE: StepRecord = { value: encodeState(null) };
const NOT_DONE: StepRecord = { failed: true };
const UNKNOWN: Record<string, StepRecord | undefined> = { skip: DONE, retry: NOT_DONE };

/** What a person knows of every `once` that was begun and never answered: it was done (without a result), or it was not. */
async function settleUnknown(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  as: StepRecord,
): Promise<void> {
  const key = keys.steps(queue, jobId);
  for (const [name, text] of Object.entries(await redis.hgetall(key))) {
    if ('intent' in (JSON.parse(text) as StepRecord)) await redis.hset(key, name, JSON.stringify(as));
  }
}

const onlyChoice = ({ choices }: Parked) => (choices.length === 1 ? choices[0] : undefined);

const wrongState = (run: Run, verb: string, wanted: string) =>
  new SlackwaterError('conflict', `run ${run.id} is ${run.state} and cannot be ${verb}: only ${wanted} can`);

/** Nothing holds back the queue of hooks and probes: one that is queued again runs at once, whatever has become of its window and its release. */
function partOfWindow({ id }: Run, { jobId }: RunAddress, verb: string): SlackwaterError {
  const window = windowOfTask(jobId);
  return new SlackwaterError(
    'conflict',
    `run ${id} is part of window ${window} and cannot be ${verb}: only the window does its hooks and probes again (slackwater window show ${window})`,
  );
}

function badChoice(run: Run, { reason, choices }: Parked, choice: string | undefined): SlackwaterError {
  const given = choice === undefined ? 'needs a choice' : `cannot be resumed by ${JSON.stringify(choice)}`;
  const detail = `must be one of ${choices.join(', ')}`;
  return new SlackwaterError(
    'bad-request',
    `run ${run.id} ${given}: ${detail} (it is parked because ${reason})`,
    [{ pointer: '/choice', detail }],
  );
}

import { fieldOf } from '../../model/kept-workflow.js';
import type { RunAddress } from '../../model/run.js';
import { HOLD_MS, memberOf } from '../agenda.js';
import { type Store, script } from '../redis.js';
import type { Asker } from '../run-requests.js';

const markScript = script<number>('mark-step', 2);
const cancelScript = script<number[]>('cancel-parts');

/** The payloads of a step's runs, and how each of these runs was settled; both in order. */
export async function readParts(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  step: { name: string; each: boolean },
  from: number,
  to: number,
): Promise<{ index: number | null; payload: string | null; mark: string | null }[]> {
  const indices = Array.from({ length: to - from }, (_, i) => (step.each ? from + i : null));
  const [payloads, marks] = await Promise.all([
    redis.lrange(keys.workflowPayloads(queue, jobId, step.name), from, to - 1),
    redis.hmget(keys.workflowResults(queue, jobId), ...indices.map(index => fieldOf(step.name, index))),
  ]);
  return indices.map((index, i) => ({ index, payload: payloads[i] ?? null, mark: marks[i] ?? null }));
}

/** The runs of a step are in their queue up to here, or (`ended`) were looked at for their end. @returns `false` where that is no longer done. */
export async function markStep(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  what: 'enqueued' | 'ended',
  to: number,
): Promise<boolean> {
  const key = keys.workflow(address.queue, address.jobId);
  const field = what === 'enqueued' ? 'q' : 'x';
  return (await markScript(redis, key, keys.agenda(app), memberOf(address), HOLD_MS, step, field, to)) === 1;
}

/**
 * The workflow stops: runs of a step that have not started are cancelled.
 * @returns those that have started, where they shall be cancelled too.
 */
export async function cancelParts(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  parts: (RunAddress & { index: number | null })[],
  { by, reason }: Asker,
): Promise<RunAddress[]> {
  const { queue, jobId } = address;
  const fixed = [
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    keys.live(parts[0]!.queue),
    keys.expiring(parts[0]!.queue),
  ];
  const ofRuns = parts.flatMap(part => [keys.run(part.queue, part.jobId), keys.job(part.queue, part.jobId)]);
  const args = parts.flatMap(part => [fieldOf(step, part.index), part.jobId]);
  const running = await cancelScript(
    redis,
    fixed.length + ofRuns.length,
    ...fixed,
    ...ofRuns,
    memberOf(address),
    HOLD_MS,
    step,
    by,
    reason ?? '',
    ...args,
  );
  return running.map(place => parts[place]!);
}

/** Why a workflow run stops, as texts of JSON: which of its steps failed, or who cancelled it; that where both did. */
export async function whyStopped(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
): Promise<{ failed: string | null; cancelled: string | null }> {
  const [[stop, why], cancelled] = await Promise.all([
    redis.hmget(keys.workflow(queue, jobId), 'stop', 'why'),
    redis.hget(keys.run(queue, jobId), 'cancelWhy'),
  ]);
  return { failed: why ?? null, cancelled: stop === 'cancelled' ? cancelled : null };
}

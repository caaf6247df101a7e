import * as z from 'zod';
import type { HeldBy, Run } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import { type Enqueued, enqueueRuns, idFromKey, type RunRequest } from '../queue/enqueue.js';
import { heldByOf, showRun } from '../queue/runs.js';
import { checkPayload } from '../release/payloads.js';
import type { Store } from '../store/redis.js';
import type { Api, ApiContext } from './context.js';
import type { CurrentJob, CurrentWorkflow } from './job-catalog.js';
import { acceptedShape } from './shapes.js';
import { durationInput, wrongField } from './validation.js';

export const jobParams = z.strictObject({ name: z.string().min(1).max(200) });
export const appQuery = z.strictObject({
  app: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'needed only where several apps have a job of this name' }),
});
export const runRequest = z.strictObject({
  payload: z.unknown().default({}).meta({ description: "fits the job's `payloadSchema`" }),
  priority: z
    .int()
    .min(0)
    .max(2_097_152)
    .optional()
    .meta({ description: '1 is served first; 0, the default, before all that have one' }),
  delay: durationInput.optional(),
  dedupeKey: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .meta({ description: 'the same key gives the same run, for as long as that run is kept' }),
  concurrencyKey: z.string().min(1).max(300).optional().meta({
    description:
      'at most `limit.perKey` (1) runs of this job with the same key at once; goes before that of the payload',
  }),
});
export type Asked = z.output<typeof runRequest>;
export type Runnable = CurrentJob | CurrentWorkflow;

/** A route that asks for one run: of what `find` knows by the name in the path. */
export function askRoute(
  api: Api,
  context: ApiContext,
  path: '/v1/jobs/:name/runs' | '/v1/workflows/:name/runs',
  words: { tags: string[]; summary: string; description: string },
  find: (name: string, app: string | undefined) => Promise<Runnable>,
): void {
  const response = { 202: acceptedShape };
  api.post(
    path,
    { schema: { ...words, params: jobParams, querystring: appQuery, body: runRequest, response } },
    async ({ params, query, body, idempotencyKey }, reply) => {
      const current = await find(params.name, query.app);
      checkAsked(context, current, body);
      const [enqueued] = await enqueue(context, current, [body], idempotencyKey);
      const held = await heldByOf(context.store, current);
      const accepted = await acceptedOf(context, current, body, enqueued!, held);
      return reply
        .code(202)
        .header('location', `/v1/runs/${encodeURIComponent(accepted.id)}`)
        .send(accepted);
    },
  );
}

/** @param at where it stands in the body. @throws SlackwaterError for what the job or workflow does not take. */
export function checkAsked({ config }: ApiContext, { job }: Runnable, asked: Asked, at = ''): void {
  checkPayload(job, asked.payload, `${at}/payload`, config.limits.payloadBytes);
  if ('steps' in job && asked.concurrencyKey !== undefined)
    throw wrongField(
      `${at}/concurrencyKey`,
      `workflow ${job.name} computes nothing itself: let the jobs of its steps name a field of their payload (concurrencyKey)`,
    );
}

/** @param asked whose payloads fit. @param key that of the request. */
export function enqueue(
  { store, queues, config }: ApiContext,
  { app, job }: Runnable,
  asked: Asked[],
  key: string | undefined,
): Promise<Enqueued[]> {
  const requests = asked.map(({ payload, priority, delay, dedupeKey, concurrencyKey }, i): RunRequest => {
    // A server that died after storing the runs and before keeping its answer: the same request finds the same runs.
    const id =
      key !== undefined && dedupeKey === undefined
        ? idFromKey('request', key, app, job.name, String(i))
        : undefined;
    return { payload, priority, delayMs: delay, dedupeKey, concurrencyKey, id };
  });
  return enqueueRuns(store, queues, job, requests, { app, retention: config.retention });
}

/** A run as it is answered to whoever asked for it. */
export async function acceptedOf(
  { store }: ApiContext,
  { app, job }: Runnable,
  { delay }: Asked,
  { id, queue, created }: Enqueued,
  held: HeldBy[],
) {
  const accepted = { id, job: job.name, queue, app, created };
  const there = created ? null : await stillThere(store, queue, id);
  if (there) return { ...accepted, state: there.state, heldBy: there.heldBy };
  return { ...accepted, state: delay ? ('delayed' as const) : ('queued' as const), heldBy: held };
}

/** All is stored by now, so no answer may fail: `null` where the run has just been removed, and with that its key is free. */
async function stillThere(store: Store, queue: string, id: string): Promise<Run | null> {
  try {
    return await showRun(store, `${queue}~${id}`);
  } catch (error) {
    if (error instanceof SlackwaterError && error.code === 'not-found') return null;
    throw error;
  }
}

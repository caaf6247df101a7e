import * as z from 'zod';
import type { HeldBy } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import { type Enqueued, enqueueRuns, idFromKey, type RunRequest } from '../../queue/enqueue.js';
import { heldByOf, showRun } from '../../queue/runs.js';
import { checkPayload } from '../../release/payloads.js';
import type { ApiContext, Routes } from '../context.js';
import type { CurrentJob, CurrentWorkflow } from '../job-catalog.js';
import { type Problem, problemOf } from '../problems.js';
import { acceptedShape, jobShape, listOf, open, problemShape } from '../shapes.js';
import { durationInput } from '../validation.js';

const tags = ['jobs'];
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
type Body = z.output<typeof runRequest>;
type Runnable = CurrentJob | CurrentWorkflow;

export const jobRoutes: Routes = (api, context) => {
  const { catalog, store } = context;

  api.get(
    '/v1/jobs',
    {
      schema: {
        tags,
        summary: 'The jobs of the current releases',
        querystring: appQuery,
        response: { 200: listOf(jobShape) },
      },
    },
    async request => {
      const jobs = await catalog.all(request.query.app);
      return { items: jobs.map(({ app, release, job }) => ({ ...job, app, release })), nextCursor: null };
    },
  );

  api.post(
    '/v1/jobs/:name/runs',
    {
      schema: {
        tags,
        summary: 'Ask for a run of a job, or of a workflow',
        description:
          'Accepted in a window too, and before one that it would be in the way of: then `heldBy` says what its start waits for.',
        params: jobParams,
        querystring: appQuery,
        body: runRequest,
        response: { 202: acceptedShape },
      },
    },
    async (request, reply) => {
      const current = await catalog.find(request.params.name, request.query.app);
      const accepted = await askForRun(context, current, request.body, request.idempotencyKey);
      return reply
        .code(202)
        .header('location', `/v1/runs/${encodeURIComponent(accepted.id)}`)
        .send(accepted);
    },
  );

  api.post(
    '/v1/jobs/:name/runs/bulk',
    {
      schema: {
        tags,
        summary: 'Ask for up to 10,000 runs of one job',
        description:
          'All are checked before any is stored. An item whose payload does not fit is answered with its problem in the same place, the others are stored; where none fits, the whole is a problem.',
        params: jobParams,
        querystring: appQuery,
        body: z.array(runRequest).min(1).max(10_000),
        response: { 202: open({ items: z.array(z.union([acceptedShape, problemShape])) }) },
      },
    },
    async (request, reply) => {
      const current = await catalog.find(request.params.name, request.query.app);
      const problems = request.body.map((item, i) => check(context, current, item, i));
      const good = request.body.filter((_, i) => !problems[i]);
      if (good.length === 0) throw noneFits(current, problems as SlackwaterError[]);
      const enqueued = await enqueue(context, current, good, request.idempotencyKey);
      const held = await heldByOf(store, current);
      const accepted = await Promise.all(
        good.map((item, i) => acceptedOf(context, current, item, enqueued[i]!, held)),
      );
      const items: (Problem | (typeof accepted)[number])[] = problems.map(problem =>
        problem ? problemOf(problem) : accepted.shift()!,
      );
      return reply.code(202).send({ items });
    },
  );
};

/** @throws SlackwaterError as `checkPayload`. */
export async function askForRun(context: ApiContext, current: Runnable, body: Body, key: string | undefined) {
  checkPayload(current.job, body.payload, '/payload', context.config.limits.payloadBytes);
  const [enqueued] = await enqueue(context, current, [body], key);
  const held = await heldByOf(context.store, current);
  return acceptedOf(context, current, body, enqueued!, held);
}

function enqueue(
  { store, queues, config }: ApiContext,
  { app, job }: Runnable,
  bodies: Body[],
  key: string | undefined,
): Promise<Enqueued[]> {
  const requests = bodies.map(({ payload, priority, delay, dedupeKey, concurrencyKey }, i): RunRequest => {
    // A server that died after storing the runs and before keeping its answer: the same request finds the same runs.
    const id =
      key !== undefined && dedupeKey === undefined
        ? idFromKey('request', key, app, job.name, String(i))
        : undefined;
    return { payload, priority, delayMs: delay, dedupeKey, concurrencyKey, id };
  });
  return enqueueRuns(store, queues, job, requests, { app, retention: config.retention });
}

async function acceptedOf(
  { store }: ApiContext,
  { app, job }: Runnable,
  { delay }: Body,
  { id, created }: Enqueued,
  held: HeldBy[],
) {
  const state = created
    ? delay
      ? ('delayed' as const)
      : ('queued' as const)
    : (await showRun(store, id)).state;
  const waits = state === 'queued' || state === 'delayed' || state === 'yielded';
  return { id, job: job.name, queue: job.queue, app, state, created, heldBy: waits ? held : [] };
}

function check({ config }: ApiContext, { job }: Runnable, item: Body, i: number): SlackwaterError | null {
  try {
    checkPayload(job, item.payload, `/${i}/payload`, config.limits.payloadBytes);
    return null;
  } catch (error) {
    if (error instanceof SlackwaterError) return error;
    throw error;
  }
}

function noneFits({ job }: Runnable, problems: SlackwaterError[]): SlackwaterError {
  const [first] = problems;
  const all =
    problems.length === 1 ? '' : `none of the ${problems.length} payloads fits ${job.name}; the first: `;
  return new SlackwaterError(
    first!.code,
    all + first!.message,
    problems.flatMap(({ errors }) => errors),
  );
}

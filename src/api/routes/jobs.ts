import * as z from 'zod';
import { SlackwaterError } from '../../platform/errors.js';
import { heldByOf } from '../../queue/runs.js';
import {
  type Asked,
  acceptedOf,
  appQuery,
  askRoute,
  checkAsked,
  enqueue,
  jobParams,
  type Runnable,
  runRequest,
} from '../ask-for-run.js';
import type { ApiContext, Routes } from '../context.js';
import { type Problem, problemOf } from '../problems.js';
import { acceptedShape, jobShape, listOf, open, problemShape } from '../shapes.js';

const tags = ['jobs'];

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

  askRoute(
    api,
    context,
    '/v1/jobs/:name/runs',
    {
      tags,
      summary: 'Ask for a run of a job, or of a workflow',
      description:
        'Accepted in a window too, and before one that it would be in the way of: then `heldBy` says what its start waits for.',
    },
    (name, app) => catalog.find(name, app),
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

function check(context: ApiContext, current: Runnable, asked: Asked, i: number): SlackwaterError | null {
  try {
    checkAsked(context, current, asked, `/${i}`);
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

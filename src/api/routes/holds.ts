import * as z from 'zod';
import { didYouMean } from '../../platform/near-names.js';
import { applyPauseFlags } from '../../queue/intake.js';
import { queueApps } from '../../queue/runs.js';
import { isTaskQueue } from '../../queue/task-runs.js';
import { liftHold, listHolds, placeHold } from '../../store/holds.js';
import { actorOf } from '../access.js';
import type { ApiContext, Routes } from '../context.js';
import { holdShape, listOf } from '../shapes.js';
import { idParams, reasonInput, timeInput, wrongField } from '../validation.js';

const tags = ['holds'];
const placeBody = z.strictObject({
  queues: z.array(z.string().min(1).max(100)).min(1).max(1_000).optional(),
  app: z.string().min(1).max(100).optional().meta({ description: 'instead of queues: all of this app' }),
  reason: reasonInput,
  until: timeInput.meta({ description: 'past it, any server or host lifts the hold' }),
});

export const holdRoutes: Routes = (api, context) => {
  const { store, queues } = context;

  api.get(
    '/v1/holds',
    { schema: { tags, summary: 'All holds that stand', response: { 200: listOf(holdShape) } } },
    async () => ({ items: await listHolds(store), nextCursor: null }),
  );

  api.post(
    '/v1/holds',
    {
      schema: {
        tags,
        summary: 'Stop the intake of queues until a time',
        description: 'Runs that have started go on; producers may go on enqueueing.',
        body: placeBody,
        response: { 201: holdShape },
      },
    },
    async (request, reply) => {
      const held = await queuesOf(context, request.body);
      const { reason, until } = request.body;
      const hold = await placeHold(store, { owner: actorOf(request), reason, until, queues: held });
      await applyPauseFlags(store, queues);
      return reply.code(201).header('location', `/v1/holds/${hold.id}`).send(hold);
    },
  );

  api.delete(
    '/v1/holds/:id',
    {
      schema: {
        tags,
        summary: 'Lift a hold before its time',
        params: idParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await liftHold(store, request.params.id);
      await applyPauseFlags(store, queues);
      return reply.code(204).send();
    },
  );
};

async function queuesOf(
  { store }: ApiContext,
  { queues, app }: z.output<typeof placeBody>,
): Promise<string[]> {
  const known = await queueApps(store);
  if (queues && app) throw wrongField('/app', 'give either queues or an app, not both');
  if (!queues && !app) throw wrongField('/queues', 'say what to hold: queues, or an app');
  if (app) {
    const own = [...known]
      .filter(([queue, owner]) => owner === app && !isTaskQueue(queue))
      .map(([queue]) => queue);
    if (own.length > 0) return own;
    throw wrongField(
      '/app',
      `app ${JSON.stringify(app)} has no queues: ${didYouMean(app, known.values(), LISTED)}`,
    );
  }
  const unknown = queues!.findIndex(queue => !known.has(queue));
  if (unknown < 0) return [...new Set(queues)];
  const name = queues![unknown]!;
  throw wrongField(
    `/queues/${unknown}`,
    `no release uses a queue ${JSON.stringify(name)}: ${didYouMean(name, known.keys(), LISTED)}`,
  );
}

const LISTED = 'GET /v1/queues lists them';

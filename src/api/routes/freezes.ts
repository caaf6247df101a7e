import * as z from 'zod';
import type { Freeze } from '../../model/freeze.js';
import { addFreeze, listFreezes, removeFreeze } from '../../store/freezes.js';
import { openWindows } from '../../store/windows.js';
import { actorOf } from '../access.js';
import type { ApiContext, Routes } from '../context.js';
import { checkApp } from '../known-apps.js';
import { pageOf } from '../pages.js';
import { freezeShape, listOf } from '../shapes.js';
import { idParams, pageQuery, reasonInput, timeInput } from '../validation.js';

const tags = ['calendar'];
const addBody = z.strictObject({
  app: z.string().min(1).max(100).optional().meta({ description: 'left out: all apps' }),
  from: timeInput,
  to: timeInput.meta({ description: 'the first moment in which a window may start again' }),
  reason: reasonInput,
});

/** Periods in which no window may start. */
export const freezeRoutes: Routes = (api, context) => {
  const { store } = context;

  api.get(
    '/v1/freezes',
    {
      schema: {
        tags,
        summary: 'Freezes, in the order in which they begin',
        description: 'Those that are over are kept for 30 days.',
        querystring: z.strictObject({
          app: z.string().max(100).optional().meta({ description: 'those that hold for this app' }),
          ...pageQuery,
        }),
        response: { 200: listOf(freezeShape) },
      },
    },
    async ({ query: { app, cursor, limit } }) => {
      const freezes = await listFreezes(store);
      const wanted = freezes.filter(freeze => app === undefined || (freeze.app ?? app) === app);
      return pageOf(wanted, freeze => [freeze.from, freeze.id], limit, cursor);
    },
  );

  api.post(
    '/v1/freezes',
    {
      schema: {
        tags,
        summary: 'Let no window start for a while',
        description:
          'What has begun goes on. Windows that are scheduled within it are named; they are refused when their time comes, unless the freeze is lifted before.',
        body: addBody,
        response: { 201: freezeShape },
      },
    },
    async (request, reply) => {
      const { app = null, ...fields } = request.body;
      if (app !== null) await checkApp(store, app);
      const freeze = await addFreeze(store, { ...fields, app, createdBy: actorOf(request) });
      const windows = await scheduledWithin(context, freeze);
      return reply.code(201).send({ ...freeze, windows });
    },
  );

  api.delete(
    '/v1/freezes/:id',
    {
      schema: {
        tags,
        summary: 'Lift a freeze',
        params: idParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await removeFreeze(store, request.params.id);
      return reply.code(204).send();
    },
  );
};

/** IDs of the windows that the freeze will refuse. */
async function scheduledWithin({ store }: ApiContext, { app, from, to }: Freeze): Promise<string[]> {
  const windows = await openWindows(store);
  return windows
    .filter(window => window.phase === 'scheduled' && (app ?? window.app) === window.app)
    .filter(({ startsAt }) => from <= startsAt && startsAt < to)
    .map(({ id }) => id);
}

import * as z from 'zod';
import { listParts } from '../../queue/list-parts.js';
import { listRuns } from '../../queue/list-runs.js';
import { cancelRun, resumeRun, retryRun } from '../../queue/run-actions.js';
import { runCheckpoint } from '../../queue/run-checkpoint.js';
import { showWhole } from '../../queue/run-steps.js';
import { runLogs } from '../../queue/runs.js';
import { actorOf } from '../access.js';
import type { Routes } from '../context.js';
import { endedSince, releaseInput, statesInput } from '../run-filter.js';
import { listOf, open, runShape } from '../shapes.js';
import { withUnfitSteps } from '../unfit-steps.js';
import { limitInput, reasonInput } from '../validation.js';

const idParams = z.strictObject({ id: z.string().min(1).max(300) });
const tags = ['runs'];

export const runRoutes: Routes = (api, { store, queues, catalog }) => {
  api.get(
    '/v1/runs',
    {
      schema: {
        tags,
        summary: 'Runs, those at work first, then the waiting, then the ended with the newest first',
        description:
          'A page may be short, or even empty, and not the last: go on while there is a `nextCursor`.',
        querystring: z.strictObject({
          job: z.string().max(100).optional(),
          state: statesInput.optional(),
          queue: z.string().max(100).optional(),
          app: z.string().max(100).optional(),
          release: releaseInput.optional(),
          window: z.string().max(100).optional().meta({
            description:
              'runs of its app, but for its hooks and probes, that ended after it had begun by the clock of their host',
          }),
          cursor: z.string().max(1_000).optional(),
          limit: limitInput(500, 50),
        }),
        response: { 200: listOf(runShape) },
      },
    },
    async ({ query: { window, ...filter } }) => {
      const since = window === undefined ? {} : await endedSince(store, window, filter.app);
      return listRuns(store, { ...filter, ...since });
    },
  );

  api.get(
    '/v1/runs/:id',
    {
      schema: {
        tags,
        summary: 'One run',
        description: 'That of a workflow with its `steps`, once it has begun.',
        params: idParams,
        response: { 200: runShape },
      },
    },
    async request => withUnfitSteps(await showWhole(store, request.params.id), catalog),
  );

  api.get(
    '/v1/runs/:id/parts',
    {
      schema: {
        tags,
        summary: 'Runs of the steps of a workflow run, in the order of its graph and of their elements',
        description:
          'Those that are in their queue and still kept. A page may be short, or even empty, and not the last: go on while there is a `nextCursor`.',
        params: idParams,
        querystring: z.strictObject({
          step: z.string().max(100).optional().meta({ description: 'of this step only' }),
          state: statesInput.optional(),
          cursor: z.string().max(1_000).optional(),
          limit: limitInput(500, 50),
        }),
        response: { 200: listOf(runShape) },
      },
    },
    request => listParts(store, request.params.id, request.query),
  );

  api.get(
    '/v1/runs/:id/checkpoint',
    {
      schema: {
        tags,
        summary: 'The saved state of a run, as JSON for people to read',
        params: idParams,
        response: {
          200: open({
            version: z.int().nullable(),
            savedAt: z.string(),
            bytes: z.int(),
            state: z.unknown(),
          }),
        },
      },
    },
    request => runCheckpoint(store, request.params.id),
  );

  api.get(
    '/v1/runs/:id/logs',
    {
      schema: {
        tags,
        summary: "Lines of the run's log, the oldest first",
        params: idParams,
        querystring: z.strictObject({
          cursor: z.string().max(20).optional(),
          limit: limitInput(10_000, 1_000),
        }),
        response: { 200: listOf(z.string()) },
      },
    },
    request => runLogs(store, request.params.id, request.query),
  );

  api.post(
    '/v1/runs/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Cancel a run that has not ended',
        params: idParams,
        body: z.strictObject({ reason: reasonInput.optional() }).optional(),
        response: { 200: runShape },
      },
    },
    request => cancelRun(store, request.params.id, { by: actorOf(request), reason: request.body?.reason }),
  );

  api.post(
    '/v1/runs/:id/retry',
    {
      schema: {
        tags,
        summary: 'Queue a failed, parked or cancelled run again',
        params: idParams,
        body: z
          .strictObject({
            restart: z.boolean().optional().meta({ description: 'forget its checkpoint and its steps' }),
          })
          .optional(),
        response: { 200: runShape },
      },
    },
    request => retryRun(store, queues, request.params.id, request.body ?? {}),
  );

  api.post(
    '/v1/runs/:id/resume',
    {
      schema: {
        tags,
        summary: 'End the parking of a run by one of its choices',
        params: idParams,
        body: z
          .strictObject({
            choice: z.string().max(100).optional().meta({ description: 'one of `parked.choices`' }),
          })
          .optional(),
        response: { 200: runShape },
      },
    },
    request => resumeRun(store, queues, request.params.id, { by: actorOf(request) }, request.body?.choice),
  );
};

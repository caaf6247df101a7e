import * as z from 'zod';
import { SlackwaterError } from '../../platform/errors.js';
import { firesOfWindow } from '../../store/schedules/fires.js';
import { getWindow, listWindows, readReport } from '../../store/windows.js';
import { declareWindow } from '../../window/declare.js';
import { planWindow } from '../../window/plan.js';
import type { WindowInput } from '../../window/window-input.js';
import { actorOf } from '../access.js';
import type { Api, ApiContext } from '../context.js';
import { etagOf } from '../etag.js';
import { eventStreamShape, listOf } from '../shapes.js';
import type { EventStreams } from '../sse.js';
import { idParams, ifMissing, limitInput, timeInput } from '../validation.js';
import { plannedOf, windowFields } from '../window-body.js';
import { planShape, reportShape, windowShape } from '../window-shapes.js';

const tags = ['windows'];
const windowBody = z.strictObject({
  release: z
    .string(ifMissing('send the ID of the release to go to (GET /v1/releases lists them)'))
    .min(1)
    .max(100)
    .meta({ description: 'ID, digest, or the beginning of one' }),
  app: z.string().max(100).optional().meta({ description: 'checked against the release' }),
  startsAt: timeInput.optional().meta({ description: 'left out: now' }),
  ...windowFields,
});

export function windowRoutes(api: Api, { store, config }: ApiContext, streams: EventStreams): void {
  const limits = { payloadBytes: config.limits.payloadBytes, commands: config.window.commands };

  api.post(
    '/v1/windows',
    {
      schema: {
        tags,
        summary: 'Declare a window, or with dryRun=true only see what it would meet',
        querystring: z.strictObject({ dryRun: z.enum(['true', 'false']).optional() }),
        body: windowBody,
        response: { 200: planShape, 201: windowShape },
      },
    },
    async (request, reply) => {
      const input = inputOf(request.body, actorOf(request));
      if (request.query.dryRun === 'true')
        return reply.code(200).send(await planWindow(store, input, limits));
      const window = await declareWindow(store, input, limits);
      return reply
        .code(201)
        .headers({ location: `/v1/windows/${window.id}`, etag: etagOf(window) })
        .send(window);
    },
  );

  api.get(
    '/v1/windows',
    {
      schema: {
        tags,
        summary: 'Windows, the newest first',
        querystring: z.strictObject({
          app: z.string().max(100).optional(),
          cursor: z
            .string()
            .regex(/^win-[0-9a-z]{20}$/, 'must be the nextCursor of the page before')
            .optional(),
          limit: limitInput(200, 50),
        }),
        response: { 200: listOf(windowShape) },
      },
    },
    ({ query }) => listWindows(store, { app: query.app, limit: query.limit, before: query.cursor }),
  );

  api.get(
    '/v1/windows/:id',
    {
      schema: {
        tags,
        summary: 'One window, with its ETag',
        params: idParams,
        response: { 200: windowShape },
      },
    },
    async (request, reply) => {
      const window = await getWindow(store, request.params.id);
      return reply.header('etag', etagOf(window)).send(window);
    },
  );

  api.get(
    '/v1/windows/:id/report',
    {
      schema: {
        tags,
        summary: 'The account of a finished window',
        params: idParams,
        response: { 200: reportShape },
      },
    },
    async request => {
      const window = await getWindow(store, request.params.id);
      const report = await readReport(store, window.id);
      if (report) return { ...report, fires: await firesOfWindow(store, window.id, window.app) };
      throw new SlackwaterError(
        'not-found',
        `window ${window.id} is ${window.phase}: its report comes when it is done (follow /v1/windows/${window.id}/events)`,
      );
    },
  );

  api.get(
    '/v1/windows/:id/events',
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'What happens in a window, from its beginning (server-sent events)',
        description: 'With `Last-Event-ID` or `?after=` only what came after that.',
        params: idParams,
        querystring: z.strictObject({ after: z.string().max(100).optional() }),
        response: { 200: eventStreamShape },
      },
    },
    async (request, reply) => {
      const { id } = await getWindow(store, request.params.id);
      await streams.open(request, reply, { window: id, after: request.query.after ?? '0' });
      return reply;
    },
  );

  function inputOf(body: z.output<typeof windowBody>, createdBy: string): WindowInput {
    return {
      release: body.release,
      app: body.app,
      startsAt: body.startsAt,
      createdBy,
      ...plannedOf(body, config),
    };
  }
}

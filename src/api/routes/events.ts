import * as z from 'zod';
import type { Api, ApiContext } from '../context.js';
import { eventStreamShape } from '../shapes.js';
import type { EventStreams } from '../sse.js';

export function eventRoutes(api: Api, _context: ApiContext, streams: EventStreams): void {
  api.get(
    '/v1/events',
    {
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'What happens, as it happens (server-sent events)',
        description:
          'Begins with what comes next; with `Last-Event-ID` or `?after=` with what came after that. `after=0`: all that are kept.',
        querystring: z.strictObject({
          app: z.string().max(100).optional(),
          after: z.string().max(100).optional(),
        }),
        response: { 200: eventStreamShape },
      },
    },
    async (request, reply) => {
      await streams.open(request, reply, request.query);
      return reply;
    },
  );
}

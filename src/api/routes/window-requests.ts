import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { CHOICES, type Window } from '../../model/window.js';
import { approveWindow, extendWindow, getWindow, requestWindow } from '../../store/windows.js';
import { actorOf } from '../access.js';
import type { Routes } from '../context.js';
import { etagOf, expectedVersion } from '../etag.js';
import { durationInput, idParams } from '../validation.js';
import { windowShape } from '../window-shapes.js';

const tags = ['windows'];
const nothing = z.strictObject({}).optional();

/** What operators ask of a window that is declared. Which phase allows what: src/model/window-requests.ts. */
export const windowRequestRoutes: Routes = (api, { store }) => {
  for (const [kind, summary] of [
    ['start', 'Begin now instead of at its time'],
    ['cancel', 'Give it up before intake is held'],
    ['abort', 'Stop it while it prepares or drains: still the old release. Later: go back to it'],
  ] as const) {
    api.post(
      `/v1/windows/:id/${kind}`,
      {
        schema: {
          tags,
          summary,
          description: '409 where the phase does not allow it; `If-Match` is heeded.',
          params: idParams,
          body: nothing,
          response: { 200: windowShape },
        },
      },
      async (request, reply) => {
        const version = await versionFor(request, request.params.id);
        const by = actorOf(request);
        return answer(reply, await requestWindow(store, request.params.id, { kind, by }, version));
      },
    );
  }

  api.post(
    '/v1/windows/:id/end',
    {
      schema: {
        tags,
        summary: 'End the watch now; or, where it is held, say how it goes on',
        description: 'Where it is held, `choice` is needed: one of its `held.choices`, else 409.',
        params: idParams,
        body: z.strictObject({ choice: z.enum(CHOICES).optional() }).optional(),
        response: { 200: windowShape },
      },
    },
    async (request, reply) => {
      const version = await versionFor(request, request.params.id);
      const ask = { kind: 'end', by: actorOf(request), choice: request.body?.choice } as const;
      return answer(reply, await requestWindow(store, request.params.id, ask, version));
    },
  );

  api.post(
    '/v1/windows/:id/approve',
    {
      schema: {
        tags,
        summary: 'Agree, as another person than the one who declared it',
        description:
          '409 where it needs no approval, has one, has begun, or was declared by the same person. Tokens tell persons apart; on a server without tokens the header `X-Slackwater-Actor` names them, which is no authentication.',
        params: idParams,
        body: nothing,
        response: { 200: windowShape },
      },
    },
    async (request, reply) => {
      const version = await versionFor(request, request.params.id);
      return answer(reply, await approveWindow(store, request.params.id, { by: actorOf(request) }, version));
    },
  );

  api.post(
    '/v1/windows/:id/extend',
    {
      schema: {
        tags,
        summary: 'More time to drain and to end',
        params: idParams,
        body: z.strictObject({ by: durationInput.refine(ms => ms >= 1, 'must be longer than 0') }),
        response: { 200: windowShape },
      },
    },
    async (request, reply) => {
      const version = await versionFor(request, request.params.id);
      const change = { byMs: request.body.by, by: actorOf(request) };
      return answer(reply, await extendWindow(store, request.params.id, change, version));
    },
  );

  async function versionFor(request: FastifyRequest, id: string): Promise<number | undefined> {
    return expectedVersion(request, await getWindow(store, id));
  }
};

function answer(reply: FastifyReply, window: Window): Window {
  reply.header('etag', etagOf(window));
  return window;
}

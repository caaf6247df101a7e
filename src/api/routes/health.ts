import * as z from 'zod';
import { SlackwaterError } from '../../platform/errors.js';
import { VERSION } from '../../platform/version.js';
import type { Routes } from '../context.js';
import { open } from '../shapes.js';

const tags = ['health'];

export const healthRoutes: Routes = (api, { store }) => {
  api.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'Alive',
        response: { 200: open({ status: z.literal('ok'), version: z.string() }) },
      },
    },
    async () => ({ status: 'ok' as const, version: VERSION }),
  );

  api.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Ready: Redis answers',
        response: { 200: open({ status: z.literal('ready') }) },
      },
    },
    async () => {
      if (store.redis.status !== 'ready') throw new SlackwaterError('unavailable', 'Redis cannot be reached');
      await store.redis.ping();
      return { status: 'ready' as const };
    },
  );
};

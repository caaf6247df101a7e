import * as z from 'zod';
import { SlackwaterError } from '../../platform/errors.js';
import { VERSION } from '../../platform/version.js';
import { troubleOf } from '../../store/trouble.js';
import { tryWrite } from '../../store/try-write.js';
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
        summary: 'Ready: Redis answers and takes writes; else a 503 that says why not',
        response: { 200: open({ status: z.literal('ready') }) },
      },
    },
    async () => {
      if (store.redis.status !== 'ready') throw new SlackwaterError('unavailable', 'Redis cannot be reached');
      await tryWrite(store.redis, store.keys).catch(error => {
        const trouble = troubleOf(error);
        throw trouble ? new SlackwaterError('unavailable', trouble.fault, [], { cause: error }) : error;
      });
      return { status: 'ready' as const };
    },
  );
};

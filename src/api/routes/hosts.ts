import { listHosts } from '../../store/hosts.js';
import type { Routes } from '../context.js';
import { hostShape, listOf } from '../shapes.js';

/** What serves. */
export const hostRoutes: Routes = (api, { store }) => {
  api.get(
    '/v1/hosts',
    {
      schema: { tags: ['hosts'], summary: 'The hosts that are alive', response: { 200: listOf(hostShape) } },
    },
    async () => ({ items: await listHosts(store), nextCursor: null }),
  );
};

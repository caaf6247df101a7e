import { queueCounts } from '../../queue/queue-counts.js';
import { heldBy, queueApps } from '../../queue/runs.js';
import { listHosts } from '../../store/hosts.js';
import type { Routes } from '../context.js';
import { hostShape, listOf, queueShape } from '../shapes.js';

/** What serves, and what is served. */
export const hostRoutes: Routes = (api, { store }) => {
  api.get(
    '/v1/hosts',
    {
      schema: { tags: ['hosts'], summary: 'The hosts that are alive', response: { 200: listOf(hostShape) } },
    },
    async () => ({ items: await listHosts(store), nextCursor: null }),
  );

  api.get(
    '/v1/queues',
    {
      schema: { tags: ['queues'], summary: 'The queues of all apps', response: { 200: listOf(queueShape) } },
    },
    async () => {
      const [apps, held] = await Promise.all([queueApps(store), heldBy(store)]);
      const items = [...apps].sort().map(async ([name, app]) => ({
        name,
        app,
        prefix: store.keys.queuePrefix,
        ...(await queueCounts(store, name)),
        holds: held.get(name) ?? [],
      }));
      return { items: await Promise.all(items), nextCursor: null };
    },
  );
};

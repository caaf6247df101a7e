import { lookAtHosts } from '../../store/hosts.js';
import type { Routes } from '../context.js';
import { hostsShape } from '../shapes.js';

/** What serves. */
export const hostRoutes: Routes = (api, { store }) => {
  api.get(
    '/v1/hosts',
    {
      schema: {
        tags: ['hosts'],
        summary: 'The hosts that are alive, and those that fell silent lately',
        response: { 200: hostsShape },
      },
    },
    async () => {
      const { hosts, silent } = await lookAtHosts(store);
      return { items: hosts, nextCursor: null, silent };
    },
  );
};

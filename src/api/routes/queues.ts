import * as z from 'zod';
import { SlackwaterError } from '../../platform/errors.js';
import { didYouMean } from '../../platform/near-names.js';
import { queueCounts } from '../../queue/queue-counts.js';
import { queueLimits, setQueueLimits } from '../../queue/queue-limits.js';
import { heldBy, queueApps } from '../../queue/runs.js';
import { isTaskQueue } from '../../queue/task-runs.js';
import type { Store } from '../../store/redis.js';
import type { Routes } from '../context.js';
import { listOf, queueShape } from '../shapes.js';
import { durationInput, wrongField } from '../validation.js';

const tags = ['queues'];
const most = z.int().min(1).max(1_000_000);
const limitsBody = z.strictObject({
  concurrency: most
    .nullable()
    .optional()
    .meta({ description: 'claims at once over all hosts; null: no limit; left out: as it is' }),
  rate: z
    .strictObject({
      max: most,
      per: durationInput.refine(ms => ms >= 1, 'must be longer than 0'),
    })
    .nullable()
    .optional()
    .meta({ description: 'claims in a time over all hosts; null: no limit; left out: as it is' }),
});

export const queueRoutes: Routes = (api, { store, queues }) => {
  api.get(
    '/v1/queues',
    { schema: { tags, summary: 'The queues of all apps', response: { 200: listOf(queueShape) } } },
    async () => {
      const [apps, held] = await Promise.all([queueApps(store), heldBy(store)]);
      const items = [...apps].sort().map(([name, app]) => queueOf(store, name, app, held));
      return { items: await Promise.all(items), nextCursor: null };
    },
  );

  api.put(
    '/v1/queues/:name',
    {
      schema: {
        tags,
        summary: 'Set the limits of a queue, over all hosts',
        description:
          'They count claims: a run that rests in a window is one. What has been claimed goes on when a limit becomes narrower.',
        params: z.strictObject({ name: z.string().min(1).max(200) }),
        body: limitsBody,
        response: { 200: queueShape },
      },
    },
    async ({ params: { name }, body: { concurrency, rate } }) => {
      const apps = await queueApps(store);
      const app = apps.get(name);
      if (app === undefined)
        throw new SlackwaterError(
          'not-found',
          `no release uses a queue ${JSON.stringify(name.slice(0, 100))}: ${didYouMean(name, apps.keys(), 'GET /v1/queues lists them')}`,
        );
      if (isTaskQueue(name))
        throw new SlackwaterError(
          'conflict',
          `queue ${name} is that of the hooks and probes of windows, which nothing may keep waiting: it takes no limits`,
        );
      if (concurrency === undefined && rate === undefined)
        throw wrongField('', 'say which limit to set: concurrency, rate, or both (null takes one away)');
      await setQueueLimits(store, queues, name, {
        ...(concurrency !== undefined && { concurrency }),
        ...(rate !== undefined && { rate: rate && { max: rate.max, perMs: rate.per } }),
      });
      return queueOf(store, name, app, await heldBy(store));
    },
  );
};

async function queueOf(store: Store, name: string, app: string, held: Awaited<ReturnType<typeof heldBy>>) {
  const [counts, limits] = await Promise.all([queueCounts(store, name), queueLimits(store, name)]);
  return { name, app, prefix: store.keys.queuePrefix, ...counts, limits, holds: held.get(name) ?? [] };
}

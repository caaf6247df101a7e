import * as z from 'zod';
import type { RunState } from '../../model/run.js';
import { askMany, pickRuns, STATES, type Verb } from '../../queue/bulk-actions.js';
import { actorOf } from '../access.js';
import type { Routes } from '../context.js';
import { endedSince, releaseInput } from '../run-filter.js';
import { bulkShape } from '../shapes.js';
import { reasonInput, wrongField } from '../validation.js';

const tags = ['runs'];
const MOST = 10_000;

const bodyOf = (verb: Verb) => {
  const states = STATES[verb] as [RunState, ...RunState[]];
  return z.strictObject({
    ids: z.array(z.string().min(1).max(350)).min(1).max(MOST).optional(),
    state: z
      .union([z.enum(states).transform(state => [state]), z.array(z.enum(states)).min(1)], {
        error: `must be ${states.join(', ')}, or a list of some of them`,
      })
      .optional()
      .meta({ description: 'instead of ids: all in one of these states that fit the rest' }),
    job: z.string().max(100).optional(),
    queue: z.string().max(100).optional(),
    app: z.string().max(100).optional(),
    release: releaseInput.optional(),
    window: z.string().max(100).optional(),
    limit: z.int().min(1).max(MOST).default(1_000),
    reason: (verb === 'cancel' ? reasonInput : z.never('is of a cancellation only: leave it out')).optional(),
    dryRun: z.boolean().default(false).meta({ description: 'only say which' }),
  });
};

/** The same of many runs. */
export const bulkRoutes: Routes = (api, { store, queues }) => {
  const route = (verb: Verb, summary: string, description: string) =>
    api.post(
      `/v1/runs/${verb}`,
      { schema: { tags, summary, description, body: bodyOf(verb), response: { 200: bulkShape } } },
      async request => {
        const { ids, limit, dryRun, state, window, reason, ...filter } = request.body;
        const asker = { by: actorOf(request), reason };
        if (ids && (state || window || Object.values(filter).some(Boolean)))
          throw wrongField('/ids', 'give either ids, or state and filters: not both');
        if (ids && dryRun) throw wrongField('/dryRun', 'with ids there is nothing to find: leave it out');
        if (ids) return { dryRun, ...(await askMany(store, queues, verb, ids, asker)), more: false };
        if (!state)
          throw wrongField(
            '/state',
            `say which runs: ids, or state (${STATES[verb].join(', ')}) and filters`,
          );
        const since = window === undefined ? {} : await endedSince(store, window, filter.app);
        const found = await pickRuns(store, verb, { ...filter, ...since, state }, limit);
        if (dryRun) return { dryRun, ...found };
        const asked = found.items.map(({ id }) => id);
        const { items, passed } = await askMany(store, queues, verb, asked, asker);
        return { dryRun, items, passed: [...found.passed, ...passed], more: found.more };
      },
    );

  route(
    'retry',
    'Queue many failed, parked or cancelled runs again',
    'From their last checkpoints. Passed over are hooks and probes, and runs of whose outside effect nobody knows whether it was done: a person looks at these one by one.',
  );
  route(
    'cancel',
    'Cancel many runs',
    'Those that wait are cancelled at once, those that run are told to stop, the parking of parked ones is ended.',
  );
};

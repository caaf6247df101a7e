import * as z from 'zod';
import { listLiveStates } from '../../queue/live-states.js';
import type { Routes } from '../context.js';
import { listOf, savedStateShape } from '../shapes.js';
import { limitInput } from '../validation.js';

/** The saved states of runs that have not ended, as they are stored: what `release check` reads with the code at an author's desk. */
export const checkpointRoutes: Routes = (api, { store }) => {
  api.get(
    '/v1/checkpoints',
    {
      schema: {
        tags: ['runs'],
        summary: 'The live checkpoints: the state of every run that has not ended, as it is stored',
        description:
          'For `release check` and for a corpus of states. States may hold personal data. A page may be short, or even empty, and not the last: go on while there is a `nextCursor`. One state may come twice.',
        querystring: z.strictObject({
          job: z.string().max(100).optional(),
          app: z.string().max(100).optional(),
          cursor: z.string().max(8_000).optional(),
          limit: limitInput(500, 100),
        }),
        response: { 200: listOf(savedStateShape) },
      },
    },
    request => listLiveStates(store, request.query),
  );
};

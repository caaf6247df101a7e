import * as z from 'zod';
import { type BackfillRecord, MOST_AT_ONCE } from '../../model/backfill.js';
import { isDay, isTimeWithZone } from '../../platform/days.js';
import { newId } from '../../platform/ids.js';
import { instantOf } from '../../platform/time-zone.js';
import { planBackfill } from '../../schedule/plan-backfill.js';
import { redisNow } from '../../store/redis.js';
import {
  cancelBackfill,
  createBackfill,
  getBackfill,
  listBackfills,
} from '../../store/schedules/backfills.js';
import { findSchedule, type ScheduleView } from '../../store/schedules/schedules.js';
import { actorOf } from '../access.js';
import type { Routes } from '../context.js';
import { pageOf } from '../pages.js';
import { backfillPlanShape, backfillShape } from '../schedule-shapes.js';
import { listOf } from '../shapes.js';
import { idParams, pageQuery, wrongField } from '../validation.js';

const tags = ['schedules'];
const SHOWN = 1_000;

/** A day in the zone of the schedule, or a time. */
const pastInput = z
  .string()
  .max(50)
  .refine(
    text => isDay(text) || isTimeWithZone(text),
    'must be a day such as "2030-01-31", or a time in ISO 8601 with zone such as "2030-01-31T02:00:00Z"',
  )
  .meta({ description: 'a day in the zone of the schedule, or ISO 8601 with Z or an offset' });

const body = z.strictObject({
  from: pastInput,
  to: pastInput.optional().meta({ description: 'included: of a day all of it; left out: now' }),
  concurrency: z.int().min(1).max(MOST_AT_ONCE).default(1).meta({ description: 'runs at once' }),
  reverse: z.boolean().default(false).meta({ description: 'the newest first' }),
  again: z.boolean().default(false).meta({ description: 'also those that have run before' }),
  dryRun: z.boolean().default(false).meta({ description: 'only say what it would run' }),
});

/** The past of schedules, run now. */
export const backfillRoutes: Routes = (api, { store }) => {
  api.post(
    '/v1/schedules/:name/backfill',
    {
      schema: {
        tags,
        summary: 'Run its past fires, but for those that have run',
        description:
          'One at a time for each schedule, at most 10,000 fires. The ledger then says `late`, with the run. It waits while the queue is held, as in a window, and goes on.',
        params: z.strictObject({ name: z.string().min(1).max(200) }),
        querystring: z.strictObject({
          app: z.string().min(1).max(100).optional(),
          dryRun: z.enum(['true', 'false']).optional(),
        }),
        body,
        response: { 200: backfillPlanShape, 201: backfillShape },
      },
    },
    async (request, reply) => {
      const { concurrency, reverse, again, ...span } = request.body;
      const dryRun = span.dryRun || request.query.dryRun === 'true';
      const schedule = await findSchedule(store, request.params.name, request.query.app);
      const now = await redisNow(store.redis);
      const { from, to } = spanOf(span, schedule, now);
      const { due, ...counts } = await planBackfill(store, schedule, { from, to, again });
      if (reverse) due.reverse();
      const what = {
        app: schedule.app,
        schedule: schedule.job,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      };
      if (dryRun) {
        const fires = due.slice(0, SHOWN).map(at => new Date(at).toISOString());
        return reply.code(200).send({ ...what, ...counts, fires });
      }
      const createdAt = new Date(now).toISOString();
      const over = due.length === 0;
      const record: BackfillRecord = {
        id: newId('bf', now),
        ...what,
        concurrency,
        reverse,
        again,
        state: over ? 'completed' : 'running',
        waitsFor: null,
        progress: {
          ...counts,
          left: due.length,
          running: 0,
          completed: 0,
          failed: 0,
          parked: 0,
          cancelled: 0,
          gone: 0,
        },
        createdBy: actorOf(request),
        createdAt,
        cancelledBy: null,
        endedAt: over ? createdAt : null,
        flying: [],
      };
      const backfill = await createBackfill(store, record, due);
      return reply.code(201).header('location', `/v1/backfills/${backfill.id}`).send(backfill);
    },
  );

  api.get(
    '/v1/backfills',
    {
      schema: {
        tags,
        summary: 'Backfills, the newest first',
        description: 'Those that are over are kept for 30 days.',
        querystring: z.strictObject({
          app: z.string().max(100).optional(),
          schedule: z.string().max(200).optional(),
          ...pageQuery,
        }),
        response: { 200: listOf(backfillShape) },
      },
    },
    async ({ query: { app, schedule, cursor, limit } }) => {
      const all = (await listBackfills(store)).filter(
        each => (app ?? each.app) === each.app && (schedule ?? each.schedule) === each.schedule,
      );
      // Newest first: a cursor goes by how long before all time to come that is.
      return pageOf(all, ({ id, createdAt }) => [String(9e15 - Date.parse(createdAt)), id], limit, cursor);
    },
  );

  api.get(
    '/v1/backfills/:id',
    {
      schema: { tags, summary: 'How far a backfill is', params: idParams, response: { 200: backfillShape } },
    },
    async ({ params: { id } }) => getBackfill(store, id),
  );

  api.post(
    '/v1/backfills/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Start no more of its runs',
        description: 'Those that it has started go on; it is `cancelling` until they have ended.',
        params: idParams,
        body: z.strictObject({}).optional(),
        response: { 200: backfillShape },
      },
    },
    async request => cancelBackfill(store, request.params.id, actorOf(request)),
  );
};

/** @throws SlackwaterError `invalid-body` for a span that ends before it begins, or begins in the future. */
function spanOf(
  { from, to }: { from: string; to?: string | undefined },
  { timezone, state }: ScheduleView,
  now: number,
) {
  const dayOf = (text: string, days: number) => instantOf(timezone, Date.parse(text) + days * 86_400_000);
  const start = isDay(from) ? dayOf(from, 0) : Date.parse(from);
  const end = to === undefined ? now : isDay(to) ? dayOf(to, 1) - 1 : Date.parse(to);
  if (start < 0) throw wrongField('/from', '"from" lies before 1970: write it as 2026-01-31');
  if (start > now) throw wrongField('/from', '"from" lies in the future: a backfill runs what is past');
  if (end < start) throw wrongField('/to', '"to" must not be before "from"');
  // What has no fate yet is the schedule's own.
  return { from: start, to: Math.min(end, now, state.last) };
}

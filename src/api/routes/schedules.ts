import * as z from 'zod';
import { fireByHand } from '../../schedule/fire-by-hand.js';
import { shownTimesOf } from '../../schedule/times.js';
import { readFires } from '../../store/schedules/fires.js';
import { findLedger, listLedgers, readFiresTogether } from '../../store/schedules/fires-together.js';
import {
  findSchedule,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  type ScheduleView,
} from '../../store/schedules/schedules.js';
import { actorOf } from '../access.js';
import { comingFires } from '../coming-fires.js';
import type { ApiContext, Routes } from '../context.js';
import { instantCursor, placeCursor, readInstantCursor, readPlaceCursor } from '../instant-cursor.js';
import { pageOf } from '../pages.js';
import { comingShape, fireShape, scheduleShape } from '../schedule-shapes.js';
import { listOf } from '../shapes.js';
import { durationInput, limitInput, pageQuery, reasonInput } from '../validation.js';

const tags = ['schedules'];
const appField = z.string().min(1).max(100).optional();
const appQuery = z.strictObject({
  app: appField.meta({ description: 'needed only where several apps have a schedule of this name' }),
});
const params = z.strictObject({ name: z.string().min(1).max(200) });
const firesQuery = { app: appField, cursor: z.string().max(100).optional(), limit: limitInput(1_000, 100) };
const nextQuery = {
  ...firesQuery,
  limit: limitInput(5_000, 100),
  for: durationInput.default(86_400_000).meta({ description: 'how far to look ahead; default 24h' }),
  each: limitInput(1_000, 1_000).meta({ description: 'of each schedule at most so many' }),
};

/** What runs by itself. Schedules come with releases: what is asked of them here survives these. */
export const scheduleRoutes: Routes = (api, context) => {
  const { store, queues, config } = context;

  api.get(
    '/v1/schedules',
    {
      schema: {
        tags,
        summary: 'The schedules that apply: those of the releases that run',
        querystring: z.strictObject({ app: appField, ...pageQuery }),
        response: { 200: listOf(scheduleShape) },
      },
    },
    async ({ query: { app, cursor, limit } }) => {
      const all = await listSchedules(store, app);
      const page = pageOf(all, ({ app, job }) => [app, job], limit, cursor);
      return { ...page, items: await Promise.all(page.items.map(schedule => shown(context, schedule))) };
    },
  );

  // Of all schedules: a job of this name is asked for by its own path, which is one longer.
  api.get(
    '/v1/schedules/next',
    {
      schema: {
        tags,
        summary: 'The coming fires of all schedules, against windows and freezes',
        querystring: z.strictObject(nextQuery),
        response: { 200: comingShape },
      },
    },
    async ({ query }) => comingFires(context, await listSchedules(store, query.app), query),
  );

  api.get(
    '/v1/schedules/fires',
    {
      schema: {
        tags,
        summary: 'What became of the fires of all schedules, the newest first',
        description:
          'Kept for 30 days, the newest 1,000 of each schedule, also of those that apply no more. Of one instant by app and schedule.',
        querystring: z.strictObject(firesQuery),
        response: { 200: listOf(fireShape) },
      },
    },
    async ({ query: { app, cursor, limit } }) => {
      const after = readPlaceCursor(cursor);
      const { items, next } = await readFiresTogether(store, await listLedgers(store, app), { after, limit });
      return { items, nextCursor: next && placeCursor(next) };
    },
  );

  api.get(
    '/v1/schedules/:name',
    {
      schema: {
        tags,
        summary: 'One schedule',
        params,
        querystring: appQuery,
        response: { 200: scheduleShape },
      },
    },
    async ({ params: { name }, query: { app } }) => shown(context, await findSchedule(store, name, app)),
  );

  api.post(
    '/v1/schedules/:name/pause',
    {
      schema: {
        tags,
        summary: 'No fire until it is resumed',
        description: 'What falls due meanwhile is skipped. No deploy and no rollback changes it.',
        params,
        querystring: appQuery,
        body: z.strictObject({ reason: reasonInput.optional() }).optional(),
        response: { 200: scheduleShape },
      },
    },
    async request => {
      const { params, query, body } = request;
      const by = { by: actorOf(request), reason: body?.reason };
      return shown(context, await pauseSchedule(store, { ...params, ...query }, by));
    },
  );

  api.post(
    '/v1/schedules/:name/resume',
    {
      schema: {
        tags,
        summary: 'Goes on with the next fire',
        params,
        querystring: appQuery,
        body: z.strictObject({}).optional(),
        response: { 200: scheduleShape },
      },
    },
    async request => {
      const { params, query } = request;
      return shown(context, await resumeSchedule(store, { ...params, ...query }, { by: actorOf(request) }));
    },
  );

  api.post(
    '/v1/schedules/:name/fire',
    {
      schema: {
        tags,
        summary: 'Fire it now, beside its times',
        description: 'Also while it is paused, and whatever else of it runs.',
        params,
        querystring: appQuery,
        body: z.strictObject({}).optional(),
        response: { 202: fireShape },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { retention } = config;
      const fire = await fireByHand(
        store,
        queues,
        { ...params, ...query },
        { by: actorOf(request), retention },
      );
      return reply
        .code(202)
        .header('location', `/v1/runs/${encodeURIComponent(fire.run!)}`)
        .send(fire);
    },
  );

  api.get(
    '/v1/schedules/:name/next',
    {
      schema: {
        tags,
        summary: 'Its coming fires, against windows and freezes',
        params,
        querystring: z.strictObject(nextQuery),
        response: { 200: comingShape },
      },
    },
    async ({ params: { name }, query }) =>
      comingFires(context, [await findSchedule(store, name, query.app)], query),
  );

  api.get(
    '/v1/schedules/:name/fires',
    {
      schema: {
        tags,
        summary: 'What became of its fires, the newest first',
        description: 'Kept for 30 days, the newest 1,000. Also of a schedule that applies no more.',
        params,
        querystring: z.strictObject(firesQuery),
        response: { 200: listOf(fireShape) },
      },
    },
    async ({ params: { name }, query: { app, cursor, limit } }) => {
      const of = await findLedger(store, name, app);
      const { items, next } = await readFires(store, of, { before: readInstantCursor(cursor), limit });
      return { items, nextCursor: next === null ? null : instantCursor(next) };
    },
  );
};

async function shown({ store }: ApiContext, schedule: ScheduleView) {
  const { job: name, state, paused, ...fields } = schedule;
  const [last = null] = (await readFires(store, { app: schedule.app, schedule: name }, { limit: 1 })).items;
  const next = paused ? null : shownTimesOf(schedule.app, schedule).keptAfter(schedule.state.last);
  return {
    name,
    ...fields,
    paused,
    nextAt: next && new Date(next.at).toISOString(),
    startsNextAt: next && new Date(next.dueAt).toISOString(),
    last,
  };
}

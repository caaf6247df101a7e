import * as z from 'zod';
import {
  roomToDrain,
  scheduleOwner,
  type WindowFire,
  type WindowSchedule,
} from '../../model/window-schedule.js';
import { faultOf, nextFire } from '../../platform/cron.js';
import { SlackwaterError } from '../../platform/errors.js';
import { didYouMean } from '../../platform/near-names.js';
import { redisNow, type Store } from '../../store/redis.js';
import { listReleases } from '../../store/releases.js';
import {
  addWindowSchedule,
  getWindowSchedule,
  listWindowSchedules,
  pauseWindowSchedule,
  readWindowFires,
  removeWindowSchedule,
  type WindowScheduleState,
} from '../../store/window-schedules.js';
import { openWindows, requestWindow } from '../../store/windows.js';
import { checkFields } from '../../window/declare-checks.js';
import { actorOf } from '../access.js';
import type { ApiContext, Routes } from '../context.js';
import { checkApp, onlyApp } from '../known-apps.js';
import { pageOf } from '../pages.js';
import { listOf } from '../shapes.js';
import { durationInput, pageQuery, idParams as params, wrongField } from '../validation.js';
import { plannedOf, windowFields } from '../window-body.js';
import { windowFireShape, windowScheduleShape } from '../window-schedule-shapes.js';

const tags = ['calendar'];
const addBody = z.strictObject({
  app: z.string().min(1).max(100).optional().meta({ description: 'left out: the only one there is' }),
  cron: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .meta({ description: 'five fields, or six with seconds in front: "30 2 * * 1-5"' }),
  timezone: z.string().min(1).max(100).meta({ description: 'an IANA name, such as Europe/Berlin' }),
  ...windowFields,
  duration: durationInput.optional().meta({ description: 'another name for maxDuration' }),
});

/** Windows that come again and again. */
export const windowScheduleRoutes: Routes = (api, context) => {
  const { store } = context;

  api.get(
    '/v1/window-schedules',
    {
      schema: {
        tags,
        summary: 'Recurring windows, the oldest first',
        querystring: z.strictObject({ app: z.string().max(100).optional(), ...pageQuery }),
        response: { 200: listOf(windowScheduleShape) },
      },
    },
    async ({ query: { app, cursor, limit } }) => {
      const all = await listWindowSchedules(store);
      const states = all.filter(({ schedule }) => app === undefined || schedule.app === app);
      const found = pageOf(states, ({ schedule }) => [schedule.createdAt, schedule.id], limit, cursor);
      return { ...found, items: await Promise.all(found.items.map(state => shown(context, state))) };
    },
  );

  api.post(
    '/v1/window-schedules',
    {
      schema: {
        tags,
        summary: 'Let a window come again and again',
        description:
          'Each takes the newest release pushed by then; where none is newer than the current one, the fire is skipped.',
        body: addBody,
        response: { 201: windowScheduleShape },
      },
    },
    async (request, reply) => {
      const input = await inputOf(context, request.body);
      const state = await addWindowSchedule(store, { ...input, createdBy: actorOf(request) });
      return reply
        .code(201)
        .header('location', `/v1/window-schedules/${state.schedule.id}`)
        .send(await shown(context, state));
    },
  );

  api.get(
    '/v1/window-schedules/:id',
    { schema: { tags, summary: 'One recurring window', params, response: { 200: windowScheduleShape } } },
    async request => shown(context, await getWindowSchedule(store, request.params.id)),
  );

  api.delete(
    '/v1/window-schedules/:id',
    {
      schema: {
        tags,
        summary: 'No more windows of it',
        description:
          'Those that it had declared, that have not begun, and of which no person has asked anything, are cancelled; the others stay.',
        params,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await removeWindowSchedule(store, id);
      await cancelDeclared(store, id, actorOf(request));
      return reply.code(204).send();
    },
  );

  for (const [verb, paused, summary] of [
    ['pause', true, 'No fire until it is resumed'],
    ['resume', false, 'Goes on with the next fire; those meanwhile are left out'],
  ] as const)
    api.post(
      `/v1/window-schedules/:id/${verb}`,
      {
        schema: {
          tags,
          summary,
          params,
          body: z.strictObject({}).optional(),
          response: { 200: windowScheduleShape },
        },
      },
      async request => shown(context, await pauseWindowSchedule(store, request.params.id, paused)),
    );

  api.get(
    '/v1/window-schedules/:id/fires',
    {
      schema: {
        tags,
        summary: 'What became of its latest fires, the newest first',
        description: '200 are kept.',
        params,
        querystring: z.strictObject({ limit: pageQuery.limit }),
        response: { 200: listOf(windowFireShape) },
      },
    },
    async ({ params: { id }, query: { limit } }) => {
      await getWindowSchedule(store, id);
      return { items: (await readWindowFires(store, id)).slice(0, limit), nextCursor: null };
    },
  );
};

/** What nobody but the schedule wanted goes with it. One that was approved, extended or started is that person's now. */
async function cancelDeclared(store: Store, id: string, by: string): Promise<void> {
  const createdBy = scheduleOwner({ id });
  for (const window of await openWindows(store)) {
    if (window.createdBy !== createdBy || window.phase !== 'scheduled' || window.askings.length > 0) continue;
    await requestWindow(store, window.id, { kind: 'cancel', by }, window.version).catch(error => {
      // It has begun, or a person has asked something of it meanwhile.
      if (!(error instanceof SlackwaterError && /conflict|precondition/.test(error.code))) throw error;
    });
  }
}

interface ShownSchedule extends WindowSchedule {
  nextAt: string | null;
  last: WindowFire | null;
}

async function shown(
  { store }: ApiContext,
  { schedule, lastFire }: WindowScheduleState,
): Promise<ShownSchedule> {
  const [last = null] = await readWindowFires(store, schedule.id, 1);
  const next = schedule.paused ? null : nextFire(schedule, lastFire);
  return { ...schedule, nextAt: next === null ? null : new Date(next).toISOString(), last };
}

/** @throws SlackwaterError `invalid-body` with a pointer for each fault: all that a window would be refused for at each of its fires. */
async function inputOf({ store, config }: ApiContext, body: z.output<typeof addBody>) {
  const { cron, timezone, duration, maxDuration } = body;
  const fault = faultOf({ cron, timezone });
  if (fault?.field === 'timezone') throw wrongField('/timezone', fault.why + zonesLike(timezone));
  if (fault) throw wrongField('/cron', fault.why);
  if (duration !== undefined && maxDuration !== undefined && duration !== maxDuration)
    throw wrongField('/duration', 'is another name for maxDuration: give one of the two');
  if (body.app !== undefined) await checkApp(store, body.app);
  const app = body.app ?? (await onlyApp(store));
  // An announced window has to take its release so much earlier: not what a recurring one does unless it is asked to.
  const announce = body.announce ?? 0;
  const planned = plannedOf({ ...body, announce, maxDuration: maxDuration ?? duration }, config);
  // What the configuration has for a drain may be more than this window has for everything.
  if (body.drainTimeout === undefined)
    planned.drainTimeoutMs = Math.min(planned.drainTimeoutMs, roomToDrain(planned));
  const [newest] = (await listReleases(store, { app, limit: 1 })).items;
  if (newest) {
    const window = { ...planned, app, release: newest.id, createdBy: '' };
    checkFields(window, newest, await redisNow(store.redis), {
      payloadBytes: config.limits.payloadBytes,
      commands: config.window.commands,
    });
  }
  return { ...planned, app, cron, timezone };
}

function zonesLike(zone: string): string {
  const hint = didYouMean(zone, Intl.supportedValuesOf('timeZone'), '');
  return hint && ` (${hint})`;
}

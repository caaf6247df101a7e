import * as z from 'zod';
import { BACKFILL_STATES } from '../model/backfill.js';
import { FATES } from '../model/schedule.js';
import { listOf, ms, named, open, time } from './shapes.js';

export const fireShape = named('Fire', {
  schedule: z.string(),
  app: z.string(),
  at: time.meta({ description: 'the instant of its pattern; ISO 8601, UTC' }),
  fate: z.enum(FATES),
  reason: z.string(),
  run: z.string().nullable(),
  window: z.string().optional().meta({ description: 'that held it' }),
});

export const scheduleShape = named('Schedule', {
  name: z.string().meta({ description: 'of its job or workflow' }),
  app: z.string(),
  release: z.string().meta({ description: 'that it comes with' }),
  queue: z.string(),
  cron: z.string(),
  timezone: z.string(),
  missed: z.enum(['latest', 'all', 'skip']),
  overlap: z.enum(['skip', 'queue', 'replace']),
  payload: z.unknown(),
  jitterMs: ms.optional(),
  startsAt: time.optional(),
  endsAt: time.optional(),
  except: z.array(z.string()).optional().meta({ description: 'days without a fire' }),
  maxMissed: z.int().optional(),
  maxAgeMs: ms.optional(),
  paused: open({ by: z.string(), at: time, reason: z.string().nullable() }).nullable(),
  nextAt: time.nullable().meta({ description: 'the next fire; null while it is paused' }),
  startsNextAt: time.nullable().meta({ description: 'when that starts: with its jitter' }),
  last: fireShape.nullable().meta({ description: 'the latest fire' }),
});

const spanFields = { app: z.string().nullable(), from: time, to: time, reason: z.string() };

export const comingShape = listOf(
  named('ComingFire', {
    schedule: z.string(),
    app: z.string(),
    at: time,
    startsAt: time.meta({ description: 'with its jitter' }),
    window: z
      .string()
      .nullable()
      .meta({ description: 'a window, or a recurring one, in whose time it lies: that may hold it' }),
    skippedFor: z
      .string()
      .nullable()
      .meta({ description: 'why it will be skipped: its day is left out, or a person lets it rest' }),
  }),
).extend({
  from: time,
  to: time,
  windows: z.array(
    open({ id: z.string().meta({ description: 'of a window, or of a recurring one' }), ...spanFields }),
  ),
  freezes: z.array(open({ id: z.string(), ...spanFields })),
});

const progressShape = open({
  total: z.int().meta({ description: 'fires in this time' }),
  alreadyRan: z.int().meta({ description: 'of these: had run before' }),
  held: z.int().meta({ description: 'of these: were held, and the schedule decides what becomes of them' }),
  left: z.int(),
  running: z.int(),
  completed: z.int(),
  failed: z.int(),
  parked: z.int(),
  cancelled: z.int(),
  gone: z.int().meta({ description: 'removed before it was known how they ended' }),
});

export const backfillShape = named('Backfill', {
  id: z.string(),
  app: z.string(),
  schedule: z.string(),
  from: time,
  to: time,
  concurrency: z.int(),
  reverse: z.boolean(),
  again: z.boolean(),
  state: z.enum(BACKFILL_STATES),
  waitsFor: z.string().nullable().meta({ description: 'why none starts now' }),
  progress: progressShape,
  createdBy: z.string(),
  createdAt: time,
  cancelledBy: z.string().nullable(),
  endedAt: time.nullable(),
});

export const backfillPlanShape = named('BackfillPlan', {
  app: z.string(),
  schedule: z.string(),
  from: time,
  to: time,
  total: z.int(),
  alreadyRan: z.int(),
  held: z.int(),
  fires: z.array(time).meta({ description: 'that it would run, in their order; the first 1,000' }),
});

import * as z from 'zod';
import { STRATEGIES } from '../model/window.js';
import { WINDOW_FATES } from '../model/window-schedule.js';
import { ms, named, time } from './shapes.js';

export const windowFireShape = named('WindowFire', {
  schedule: z.string(),
  app: z.string(),
  at: time,
  fate: z.enum(WINDOW_FATES),
  reason: z.string(),
  window: z.string().nullable(),
});

export const windowScheduleShape = named('WindowSchedule', {
  id: z.string(),
  app: z.string(),
  cron: z.string(),
  timezone: z.string(),
  reason: z.string(),
  paused: z.boolean(),
  createdBy: z.string(),
  createdAt: time,
  strategy: z.enum(STRATEGIES).optional(),
  drainTimeoutMs: ms,
  onDrainTimeout: z.enum(['abort', 'force']),
  maxDurationMs: ms,
  announceMs: ms.optional().meta({
    description: 'so long before its time a window is declared, and takes the newest release of that moment',
  }),
  nextAt: time.nullable().meta({ description: 'the next fire; null while it is paused' }),
  last: windowFireShape.nullable().meta({ description: 'the latest fire' }),
});

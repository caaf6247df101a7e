import * as z from 'zod';
import type { Config } from '../config/config.js';
import { nameSchema } from '../model/release.js';
import { HOOK_TIMES } from '../model/task.js';
import { STRATEGIES } from '../model/window.js';
import { CANARY, ROLLING, WATCH } from '../model/window-defaults.js';
import type { WindowInput } from '../window/window-input.js';
import { durationInput, reasonInput } from './validation.js';

/*
 * What may be said of a window, in a request. The shape alone is checked here: names, jobs and times that must fit together are checked where a
 * window is declared, in src/window.
 */

const some = durationInput.refine(ms => ms >= 1, 'must be longer than 0');
const url = z
  .string()
  .max(2_000)
  .refine(isHttp, 'must be http(s)://…, without user and password (put these into "headers")');
const header = z
  .string()
  .max(8_000)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be one line of text');

const action = {
  command: z
    .array(z.string().max(10_000))
    .min(1)
    .max(100)
    .refine(([program]) => program !== '', 'must begin with a program')
    .optional()
    .meta({ description: 'program and arguments, run by the server that leads; no shell' }),
  http: z
    .strictObject({
      url,
      method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
      headers: z
        .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be the name of a header'), header)
        .optional(),
      body: z.unknown().optional().meta({ description: 'sent as JSON' }),
      status: z.int().min(100).max(599).optional().meta({ description: 'left out: any from 200 to 299' }),
    })
    .optional(),
  job: z
    .strictObject({
      name: z.string().min(1).max(100),
      payload: z.unknown().default({}).meta({ description: "fits the job's `payloadSchema`" }),
    })
    .optional()
    .meta({ description: 'a run on the new release' }),
};

const hook = z
  .strictObject({
    name: nameSchema,
    when: z.enum(HOOK_TIMES),
    ...action,
    timeout: some.default(60_000),
    attempts: z.int().min(1).max(100).default(1),
    idempotent: z
      .boolean()
      .default(false)
      .meta({ description: 'may be done again where nobody knows whether it was done' }),
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const probe = z
  .strictObject({ name: nameSchema, ...action, timeout: some.default(30_000) })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const watch = z
  .strictObject({
    duration: some.default(WATCH.durationMs),
    minRuns: z.int().min(0).max(1_000_000).default(WATCH.minRuns),
    maxFailureRate: z.number().min(0).max(1).default(WATCH.maxFailureRate),
    maxCrashes: z.int().min(0).max(1_000_000).default(WATCH.maxCrashes),
    maxParked: z.int().min(0).max(1_000_000).default(WATCH.maxParked),
  })
  .transform(({ duration, ...rest }) => ({ ...rest, durationMs: duration }));

const rolling = z
  .strictObject({
    batch: z.int().min(1).max(1_000).default(ROLLING.batch).meta({ description: 'hosts at once' }),
    pause: durationInput
      .default(ROLLING.pauseMs)
      .meta({ description: 'between the health of one batch and the next' }),
  })
  .transform(({ pause, ...rest }) => ({ ...rest, pauseMs: pause }));

const share = z
  .union([z.number(), z.string().regex(/^\d{1,3}(\.\d{1,6})?%$/, 'must be a share such as 0.1 or "10%"')])
  .transform(value => (typeof value === 'number' ? value : Number.parseFloat(value) / 100))
  .refine(part => part > 0 && part <= 1, 'must be more than 0 and at most 1 (or "100%")')
  .meta({ description: '0.1 or "10%"' });

const canary = z
  .strictObject({
    steps: z.array(share).min(1).max(20).default(CANARY.steps),
    step: some.default(CANARY.stepMs).meta({ description: 'how long each share is watched' }),
  })
  .transform(({ step, ...rest }) => ({ ...rest, stepMs: step }));

function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username + password === '';
}

/** All but release and time: what a recurring window keeps for each of its windows, too. */
export const windowFields = {
  reason: reasonInput,
  strategy: z.enum(STRATEGIES).optional(),
  rolling: rolling.optional(),
  canary: canary.optional(),
  drainTimeout: durationInput.optional(),
  onDrainTimeout: z.enum(['abort', 'force']).optional(),
  maxDuration: durationInput.optional(),
  hooks: z.array(hook).max(50).optional(),
  probes: z.array(probe).max(50).optional(),
  watch: watch.optional(),
  announce: durationInput
    .optional()
    .meta({ description: 'how long before the start runs wait that could not stop in time' }),
  requiresApproval: z
    .boolean()
    .optional()
    .meta({ description: 'another person has to approve it before it begins' }),
};

type Fields = z.output<z.ZodObject<typeof windowFields>>;

/** The fields as a window is declared with, the rest as the configuration says. */
export function plannedOf(
  body: Fields,
  { window }: Config,
): Omit<WindowInput, 'release' | 'app' | 'startsAt' | 'createdBy'> {
  return {
    reason: body.reason,
    strategy: body.strategy,
    rolling: body.rolling,
    canary: body.canary,
    drainTimeoutMs: body.drainTimeout ?? window.drainTimeoutMs,
    onDrainTimeout: body.onDrainTimeout ?? window.onDrainTimeout,
    maxDurationMs: body.maxDuration ?? window.maxDurationMs,
    hooks: body.hooks,
    probes: body.probes,
    watch: body.watch,
    announceMs: body.announce ?? window.announceMs,
    requiresApproval: body.requiresApproval,
  };
}

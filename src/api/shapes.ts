import * as z from 'zod';
import { RUN_STATES } from '../model/run.js';
import { OUTCOMES, PHASES } from '../model/window.js';
import { STEP_KINDS, STEP_STATES } from '../model/workflow.js';

/**
 * What is answered, for the OpenAPI document. More fields may be there than are named: clients pass over those they do not know. The records
 * themselves are typed in `src/model`; a test holds answers against these.
 */
export const time = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC' });
export const ms = z.number().meta({ description: 'milliseconds' });
/** Open in the document; for the compiler the fields that are named. */
export const open = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.looseObject(shape) as unknown as z.ZodObject<Shape>;
export const named = <Shape extends z.ZodRawShape>(id: string, shape: Shape) => open(shape).meta({ id });

export const problemShape = named('Problem', {
  type: z.string().meta({ description: 'a URI for each kind, such as /problems/invalid-payload' }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'what is wrong here, and what to change' }),
  instance: z.string().optional(),
  errors: z
    .array(open({ pointer: z.string().meta({ description: 'JSON pointer' }), detail: z.string() }))
    .optional(),
});

const heldByShape = named('HeldBy', {
  hold: z.string().optional(),
  window: z.string().optional(),
  limit: z
    .enum(['concurrency', 'perKey', 'rate'])
    .optional()
    .meta({ description: 'of its job, for which it is in line' }),
  reason: z.string(),
  until: time.nullable(),
});

export const runShape = named('Run', {
  id: z.string(),
  job: z.string(),
  queue: z.string(),
  app: z.string(),
  state: z.enum(RUN_STATES),
  attempt: z.int().meta({ description: 'no window changes it' }),
  payload: z.unknown(),
  result: z.unknown(),
  error: open({ name: z.string(), message: z.string(), stack: z.string() }).nullable(),
  progress: open({ done: z.number(), total: z.number().nullable(), note: z.string().nullable() }).nullable(),
  release: z.string().nullable(),
  host: z.string().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  lastStartedAt: time.nullable().meta({ description: 'on `host`' }),
  fence: z.int().nullable().meta({ description: 'rises with each start' }),
  crashes: z.int().meta({ description: 'of its worker, on this release and since it last advanced' }),
  finishedAt: time.nullable(),
  scheduledFor: time.nullable(),
  heldBy: z.array(heldByShape),
  checkpoint: open({ version: z.int().nullable(), bytes: z.int(), savedAt: time, count: z.int() }).nullable(),
  parked: open({ reason: z.string(), choices: z.array(z.string()) }).nullable(),
  cancelled: open({ by: z.string(), reason: z.string().nullable(), at: time })
    .nullable()
    .meta({ description: 'who asked for its end, and for what; while it runs: it has been told to stop' }),
  steps: z
    .array(
      open({
        name: z.string(),
        kind: z.enum(STEP_KINDS),
        runs: z.string().nullable().meta({ description: 'the job or workflow that it runs' }),
        after: z.array(z.string()),
        state: z.enum(STEP_STATES),
        counts: open({
          total: z.int().meta({ description: 'how many runs it has' }),
          done: z.int(),
          failed: z.int(),
          cancelled: z.int(),
          left: z.int(),
        }).nullable(),
        ids: z.array(z.string()).meta({
          description:
            'of its runs that are in their queue, the first hundred; all of them: GET /v1/runs/{id}/parts',
        }),
        dueAt: time.nullable().meta({ description: 'when a wait is over, or a signal late' }),
        unfit: z
          .string()
          .optional()
          .meta({ description: 'why the release that runs cannot begin it: it waits for one that can' }),
      }),
    )
    .optional()
    .meta({ description: 'of a workflow run that has begun; not in lists' }),
});

export const savedStateShape = named('SavedState', {
  job: z.string(),
  version: z.int().nullable(),
  state: z
    .string()
    .nullable()
    .meta({ description: 'the text that is stored: `=` and JSON, or that of devalue' }),
  run: z.string().nullable(),
  savedAt: time.nullable(),
  release: z.string().nullable().meta({ description: 'that wrote it' }),
});

export const acceptedShape = named('AcceptedRun', {
  id: z.string(),
  job: z.string(),
  queue: z.string(),
  app: z.string(),
  state: z.enum(RUN_STATES),
  created: z.boolean().meta({ description: 'false: the dedupeKey is that of a run that is there already' }),
  heldBy: z.array(heldByShape).meta({ description: 'what its start waits for' }),
});

const jobFields = {
  name: z.string(),
  queue: z.string(),
  limit: open({
    concurrency: z.int().optional(),
    perKey: z.int().optional(),
    rate: open({ max: z.int(), perMs: ms }).optional(),
  })
    .optional()
    .meta({ description: 'of its runs, over all hosts' }),
  concurrencyKey: z.string().optional().meta({ description: 'a path into the payload' }),
  payloadSchema: z.record(z.string(), z.unknown()),
  checkpointVersion: z.int().nullable(),
};
const workflowFields = {
  name: z.string(),
  queue: z.string(),
  payloadSchema: z.record(z.string(), z.unknown()),
  steps: z.array(
    open({
      name: z.string(),
      kind: z.enum(STEP_KINDS),
      runs: z.string().nullable().meta({ description: 'the job or workflow that it runs' }),
      after: z.array(z.string()),
    }),
  ),
};
export const workflowShape = named('Workflow', { ...workflowFields, app: z.string(), release: z.string() });
export const jobShape = named('Job', { ...jobFields, app: z.string(), release: z.string() });

const releaseFields = {
  id: z.string(),
  app: z.string(),
  digest: z.string(),
  createdAt: time,
  bytes: z.int(),
  jobs: z.array(open(jobFields)),
  workflows: z.array(open(workflowFields)),
  schedules: z.array(z.unknown()),
};
export const releaseShape = named('Release', releaseFields);
export const usedReleaseShape = named('UsedRelease', {
  ...releaseFields,
  current: z.boolean().meta({ description: 'the app runs it now' }),
  windows: z
    .array(
      open({ id: z.string(), phase: z.enum(PHASES), outcome: z.enum(OUTCOMES).nullable(), startsAt: time }),
    )
    .meta({ description: 'that go to it, or on their way back return to it, and are not over' }),
});

export const bulkShape = named('BulkAnswer', {
  dryRun: z.boolean(),
  items: z
    .array(open({ id: z.string(), job: z.string(), queue: z.string(), state: z.enum(RUN_STATES) }))
    .meta({ description: 'as they stand now' }),
  passed: z.array(open({ id: z.string(), code: z.string(), detail: z.string() })).meta({
    description:
      'left as they were, each with the reason. `part-of-workflow`: the workflow run that is to be retried, instead of its parts that fit',
  }),
  more: z.boolean().meta({ description: 'others fit: ask again' }),
});

export const holdShape = named('Hold', {
  id: z.string(),
  owner: z.string(),
  reason: z.string(),
  placedAt: time,
  until: time,
  queues: z.array(z.string()),
});

export const freezeShape = named('Freeze', {
  id: z.string(),
  app: z.string().nullable().meta({ description: 'null: all apps' }),
  from: time,
  to: time,
  reason: z.string(),
  createdBy: z.string(),
  createdAt: time,
  windows: z
    .array(z.string())
    .optional()
    .meta({ description: 'when it is added: the scheduled windows that it will refuse' }),
});

const hostShape = named('Host', {
  id: z.string(),
  hostname: z.string(),
  pid: z.int(),
  version: z.string(),
  workers: z.int(),
  queues: z.array(z.string()).nullable(),
  startedAt: time,
  seenAt: time,
  apps: z.record(z.string(), open({ release: z.string().nullable(), running: z.int() })),
});

export const queueShape = named('Queue', {
  name: z.string(),
  app: z.string(),
  prefix: z
    .string()
    .meta({ description: "BullMQ's prefix, which plain producers need where it is not bull" }),
  paused: z.boolean(),
  counts: z.record(z.string(), z.int()).meta({
    description:
      'how many runs stand where; `inLine`: for a limit of their job; `failed`: also those that were parked or cancelled',
  }),
  limits: open({
    concurrency: z.int().nullable(),
    rate: open({ max: z.int(), perMs: ms }).nullable(),
  }).meta({ description: 'over all hosts' }),
  holds: z.array(heldByShape),
});

export const listOf = <Item extends z.ZodType>(item: Item) =>
  open({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null on the last page' }),
  });

export const hostsShape = open({
  items: z.array(hostShape),
  nextCursor: z.null(),
  silent: z
    .array(
      open({
        id: z.string(),
        hostname: z.string(),
        seenAt: time,
        runs: z.int().meta({ description: 'that it held then: they go on elsewhere' }),
      }),
    )
    .meta({
      description: 'hosts that fell silent within the last hour, until others have come on their machines',
    }),
});

export const eventStreamShape = {
  description: 'server-sent events; `data` is JSON `{type, at, …}`',
  content: { 'text/event-stream': { schema: z.string() } },
};

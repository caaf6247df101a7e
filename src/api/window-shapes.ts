import * as z from 'zod';
import { FATES } from '../model/schedule.js';
import { HOOK_TIMES, TASK_STATES } from '../model/task.js';
import { CHOICES, OUTCOMES, PHASES, STRATEGIES } from '../model/window.js';
import { ms, named, open, time } from './shapes.js';

/*
 * Windows, plans and reports, as they are answered.
 */

const phases = z.array(open({ phase: z.enum(PHASES), at: time, ms: ms.nullable(), because: z.string() }));
const blockers = z.array(
  open({
    run: z.string(),
    job: z.string(),
    lastCheckpointAt: time.nullable(),
    stoppable: z.boolean(),
    estimateMs: ms.nullable(),
    slow: z.boolean().optional(),
  }),
);
const refusals = z.array(
  open({
    run: z.string(),
    job: z.string(),
    queue: z.string(),
    path: z.string(),
    message: z.string(),
  }),
);

const action = {
  command: z.array(z.string()).optional(),
  http: open({ url: z.string() }).optional(),
  job: open({ name: z.string(), payload: z.unknown() }).optional(),
};
const hook = open({
  name: z.string(),
  when: z.enum(HOOK_TIMES),
  ...action,
  timeoutMs: ms,
  attempts: z.int(),
  idempotent: z.boolean(),
});
const probe = open({ name: z.string(), ...action, timeoutMs: ms });
const watch = open({
  durationMs: ms,
  minRuns: z.int(),
  maxFailureRate: z.number(),
  maxCrashes: z.int(),
  maxParked: z.int(),
});

const taskShape = named('Task', {
  kind: z.enum(['hook', 'probe']),
  name: z.string(),
  when: z.enum([...HOOK_TIMES, 'verify']),
  state: z.enum(TASK_STATES),
  attempt: z.int().meta({ description: 'tries begun' }),
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  run: z.string().nullable().meta({ description: 'the run, where it is one' }),
  output: z.string().meta({ description: 'the end of what it wrote or answered, at most 4 KiB' }),
  error: z.string().nullable(),
});

const interrupted = z.int().optional().meta({
  description:
    'held by a host that died or fell silent, or lost by one: they go on elsewhere from their last checkpoint',
});
const askings = z
  .array(
    open({
      kind: z.string(),
      by: z.string(),
      at: time,
      choice: z.enum(CHOICES).optional(),
      byMs: ms.optional(),
    }),
  )
  .meta({ description: 'all that persons asked of it, the oldest first' });

const record = open({ completed: z.int(), failed: z.int(), crashes: z.int(), parked: z.int() });
const watched = { new: record, old: record };
const rollback = open({ because: z.string(), at: time, from: z.enum(PHASES) })
  .nullable()
  .meta({ description: 'not null: it goes back, or went back, to the former release' });
const held = open({
  since: time,
  phase: z.enum(PHASES),
  reason: z.string(),
  task: z.string().nullable(),
  choices: z.array(open({ choice: z.enum(CHOICES), does: z.string() })),
  until: time.meta({ description: 'past it, with no server alive, intake opens by itself' }),
})
  .nullable()
  .meta({ description: 'not null: it waits for a person, who answers with POST …/end {choice}' });

/** One due instant of a schedule, and what became of it. */
const fireShape = open({
  schedule: z.string(),
  app: z.string(),
  at: time,
  fate: z.enum(FATES),
  reason: z.string(),
  run: z.string().nullable(),
  window: z.string().optional().meta({ description: 'the window that held it' }),
});
const fires = z.array(fireShape);

export const windowShape = named('Window', {
  id: z.string(),
  app: z.string(),
  version: z.int(),
  release: z.string(),
  previousRelease: z.string().nullable(),
  phase: z.enum(PHASES),
  outcome: z.enum(OUTCOMES).nullable(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: time,
  startsAt: time,
  finishedAt: time.nullable(),
  queues: z.array(z.string()),
  strategy: z.enum(STRATEGIES),
  rolling: open({ batch: z.int(), pauseMs: ms }).nullable(),
  canary: open({ steps: z.array(z.number()), stepMs: ms }).nullable(),
  hooks: z.array(hook),
  probes: z.array(probe),
  watch: watch.nullable(),
  tasks: z.array(taskShape),
  announceMs: ms,
  requiresApproval: z.boolean(),
  approvedBy: z.string().nullable(),
  drainTimeoutMs: ms,
  onDrainTimeout: z.enum(['abort', 'force']),
  maxDurationMs: ms,
  drainDeadline: time.nullable(),
  endsBy: time.nullable(),
  forced: z.boolean(),
  arriveAt: time.nullable().meta({ description: 'while draining: when the slow runs will have come in' }),
  closedAt: time.nullable().meta({ description: 'since when it holds intake; null: it is open' }),
  closedMs: ms.meta({ description: 'how long it held intake before' }),
  routedAt: time.nullable().meta({ description: 'when hosts were told to go over' }),
  moved: z.array(z.string()).meta({ description: 'hosts on the new release already (rolling)' }),
  movedAt: time.nullable(),
  share: z.number().meta({ description: 'of new runs, 0 to 1, that start on the new release (canary)' }),
  sharedAt: time.nullable(),
  rollback,
  watched: open(watched).nullable(),
  held,
  request: open({
    kind: z.string(),
    choice: z.enum(CHOICES).optional(),
    by: z.string(),
    at: time,
  })
    .nullable()
    .meta({ description: 'asked for and not yet acted on' }),
  askings,
  phases,
  runs: open({
    inFlight: z.int(),
    yielded: z.int(),
    finished: z.int().meta({ description: 'ended while it drained, in whatever way' }),
    forced: z.int(),
    interrupted,
  }),
  blockers,
  refusals,
  summary: z.string().nullable(),
  hosts: z.array(
    open({
      id: z.string(),
      release: z.string().nullable(),
      phase: z.string().meta({
        description:
          'what it is at, in a word; `silent`: it has said nothing for some seconds; `fell-silent`: it did, and is not there any more',
      }),
    }),
  ),
});

export const planShape = named('Plan', {
  app: z.string(),
  release: z.string(),
  previousRelease: z.string().nullable(),
  startsAt: time,
  queues: z.array(z.string()),
  runs: open({ inFlight: z.int(), blockers }),
  forecast: open({
    drainMs: ms.nullable(),
    p50Ms: ms.nullable(),
    p99Ms: ms.nullable(),
    comingInMs: ms.nullable(),
  }),
  fires: fires.meta({
    description: 'those it would hold if it took all its time: at most 500, and 20 of each schedule',
  }),
  moreFires: z.boolean().optional().meta({ description: 'there are others' }),
  schedules: open({
    added: z.array(z.string()),
    removed: z.array(z.string()),
    changed: z.array(
      open({
        schedule: z.string(),
        fields: z.array(open({ field: z.string(), from: z.unknown(), to: z.unknown() })),
      }),
    ),
  })
    .optional()
    .meta({ description: 'how the schedules of the app change with its release' }),
  refusals,
  warnings: z
    .array(z.string())
    .meta({ description: 'what would refuse or delay it, as far as it can be seen' }),
  refusedFor: z
    .array(z.string())
    .meta({ description: 'those warnings for which it would be refused; empty: none is known' }),
  hosts: z.array(open({ id: z.string(), release: z.string().nullable() })),
});

export const reportShape = named('Report', {
  window: z.string(),
  strategy: z.enum(STRATEGIES),
  outcome: z.enum(OUTCOMES),
  createdBy: z.string().optional(),
  askings: askings.optional(),
  from: z.string().nullable(),
  to: z.string(),
  phases,
  downtimeMs: ms,
  drainMs: ms,
  swapMs: ms,
  stoppedMs: ms,
  pause: open({ p50Ms: ms, p99Ms: ms, maxMs: ms }),
  forecast: open({ drainMs: ms.nullable() }),
  runs: open({
    inFlight: z.int(),
    yielded: z.int(),
    finished: z.int(),
    forced: z.int(),
    interrupted,
    resumed: z.int(),
    returned: z.int(),
    failed: z.int(),
    parked: z.int(),
  }),
  failures: z
    .array(
      open({
        run: z.string(),
        job: z.string(),
        state: z.enum(['failed', 'parked']),
        error: z.string(),
        release: z.string(),
        at: time.optional(),
      }),
    )
    .optional()
    .meta({ description: 'the first few that failed on the new release, or were parked' }),
  work: open({
    lostMs: ms,
    repeatedCheckpoints: z.int(),
    broughtDown: z
      .int()
      .optional()
      .meta({ description: 'runs whose state was brought down to an older version' }),
  }),
  proof: open({
    checkpoints: z.int(),
    ms,
    setBack: z
      .array(open({ job: z.string(), runs: z.int(), onRollback: z.enum(['repeat', 'park']) }))
      .optional()
      .meta({ description: 'runs whose state cannot be brought down to the release' }),
  }),
  intake: open({ accepted: z.int() }),
  fires: fires.meta({ description: 'those it held, with their fates as they are now' }),
  blockers,
  refusals,
  tasks: z.array(taskShape),
  rollback,
  watch: open({
    ...watched,
    failureRate: open({ new: z.number().nullable(), old: z.number().nullable() }),
    minRuns: z.int().optional().meta({ description: 'from so many ends on the rate is judged' }),
  })
    .nullable()
    .meta({ description: 'what the watch decided on; null where nothing was watched' }),
});

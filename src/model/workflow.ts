import * as z from 'zod';
import { MOST_MS } from '../platform/duration.js';
import { nameSchema } from './name.js';

/** What a step is. `job` and `workflow` start runs; `signal` and `wait` only let time or somebody pass. */
export const STEP_KINDS = ['job', 'workflow', 'signal', 'wait'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** A step as the release knows it, without the author's functions: which of them there are. */
const stepManifestSchema = z.strictObject({
  name: nameSchema,
  kind: z.enum(STEP_KINDS),
  /** Name of the job or workflow that it runs; `null` for a signal and a wait. */
  runs: nameSchema.nullable(),
  /** Names of earlier steps. */
  after: z.array(nameSchema),
  /** It has the function. */
  each: z.boolean(),
  when: z.boolean(),
  payload: z.boolean(),
  onFailure: z.enum(['stop', 'continue']),
  /** `null`: as its job says. */
  attempts: z.int().min(1).nullable(),
  backoff: z.strictObject({ type: z.enum(['fixed', 'exponential']), delayMs: z.int().min(0) }).nullable(),
  /** Of a run, as its job says where `null`; of a signal, how long it is waited for, for ever where `null`. */
  timeoutMs: z.int().positive().max(MOST_MS).nullable(),
  /** Of a `wait`: how long; `null` where the step has an `until`, and for all others. */
  waitMs: z.int().min(0).max(MOST_MS).nullable(),
  /** Of a signal: JSON Schema, draft 7, of what it must carry; `{}` is any. */
  signalSchema: z.record(z.string(), z.unknown()).nullable(),
});
export type StepManifest = z.infer<typeof stepManifestSchema>;

/** A workflow as the server knows it. Steps stand after those that they wait for. */
export const workflowManifestSchema = z.strictObject({
  name: nameSchema,
  queue: nameSchema,
  payloadSchema: z.record(z.string(), z.unknown()).describe('JSON Schema, draft 7'),
  steps: z.array(stepManifestSchema).min(1).max(200),
});
export type WorkflowManifest = z.infer<typeof workflowManifestSchema>;

/** What a workflow run keeps for its life. */
export type WorkflowGraph = Pick<WorkflowManifest, 'name' | 'steps'>;

/**
 * `waiting` (for other steps) → `ready` (to be expanded) → `expanded` (its payloads are stored) → `running` (its runs are enqueued; a signal or wait is waited for)
 * → `done`, `failed` (for good) or `skipped`. `stopped`: another failed before it began.
 */
export const STEP_STATES = [
  'waiting',
  'ready',
  'expanded',
  'running',
  'done',
  'failed',
  'skipped',
  'stopped',
] as const;
export type StepState = (typeof STEP_STATES)[number];
export const isSettled = (state: StepState): boolean =>
  state === 'done' || state === 'failed' || state === 'skipped' || state === 'stopped';

/** The steps that no other waits for: their results are that of the workflow. */
export function lastSteps<Step extends { name: string; after: readonly string[] }>(graph: {
  steps: readonly Step[];
}): Step[] {
  const waitedFor = new Set(graph.steps.flatMap(({ after }) => after));
  return graph.steps.filter(({ name }) => !waitedFor.has(name));
}

/** Why a result is not kept: what steps are told of each other goes through Redis and every host. */
export const largeResult = (bytes: number, limit: number): string =>
  `the result has ${bytes} bytes, and a step of a workflow may have ${limit} (limits.resultBytes): keep it elsewhere, such as in a file, and return where it is`;

/** Which part of which workflow run a run is; kept with its job in the queue. `index`: of a step with `each`. */
export interface PartOf {
  queue: string;
  jobId: string;
  step: string;
  index: number | null;
}

/** What a host asks the code of a release about a step that is ready. */
export interface StepQuestion {
  workflow: string;
  /** `null`: only whether the payload of the workflow fits. */
  step: string | null;
  runId: string;
  scheduledFor: string | null;
  /** JSON text, as the producer sent it. */
  payload: string;
  /** Results of the steps that come before it, at least of those in `after` of the step in the release that is asked, JSON text: one, or with `each` one for each element; `null`: there is none. */
  results: Record<string, string | null | (string | null)[]>;
}

/**
 * `payloads`: JSON texts, one a run (one in all where there is no `each`). `until`: ms since the epoch. `fits`: the payload of the workflow does, or, of a
 * signal and of a wait with `for`, it begins (there was no `when`, or it said yes).
 */
export type StepAnswer =
  | { verdict: 'run'; payloads: string[] }
  | { verdict: 'skip' }
  | { verdict: 'wait'; until: number }
  | { verdict: 'fits' }
  /** The author's function threw, or gave what the job does not take. */
  | { verdict: 'failed'; error: { name: string; message: string; stack: string } };

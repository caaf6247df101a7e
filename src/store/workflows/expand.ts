import { randomBytes } from 'node:crypto';
import type { StepFailure, StepRuns } from '../../model/kept-workflow.js';
import type { RunAddress } from '../../model/run.js';
import { HOLD_MS, memberOf } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { fitInline, storePayloads } from './payloads.js';

const expandScript = script<Expanded>('expand-step', 5);
const waitScript = script<'stored' | 'late'>('begin-wait', 3);

/** Of the runs that go along each is about ten things to do. */
const MOST_ALONG = 16;

export type Expansion =
  | { kind: 'run'; payloads: string[]; runs: StepRuns }
  | { kind: 'skip' }
  | { kind: 'failed'; why: StepFailure };

/** Runs that go into their queue together with what is kept of them: a few, without a priority. */
export interface Along {
  /** One for each payload, in order: its job in the queue, `options` as JSON. */
  jobs: { id: string; options: string }[];
  /** This host claims at once: nobody else is called. */
  quiet: boolean;
}

/** `rests`: and there is nothing to do before something happens. `late`: an answer is there already, or the workflow stops. */
export type Expanded = 'stored' | 'rests' | 'late';

/**
 * Stores what the code said of a step that is ready.
 * @param along where its runs go into the queue at once. Payloads that are too large for that (`mayGoAlong`) do not.
 * @param revision of the workflow, where this was all that there was to do for it; else `null`.
 */
export async function expandStep(
  store: Store,
  app: string,
  address: RunAddress,
  step: string,
  expansion: Expansion,
  { along = null, revision = null }: { along?: Along | null; revision?: number | null } = {},
): Promise<Expanded> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const [payloads, runs] = expansion.kind === 'run' ? [expansion.payloads, expansion.runs] : [[], null];
  const attempt = keys.workflowPayloads(queue, jobId, `${step}:${randomBytes(6).toString('hex')}`);
  const inline = fitInline(payloads);
  if (!inline) await storePayloads(store, attempt, payloads);
  const { kind } = expansion;
  return expandScript(
    redis,
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowPayloads(queue, jobId, step),
    attempt,
    keys.queue(runs?.queue ?? queue),
    memberOf(address),
    HOLD_MS,
    step,
    kind,
    payloads.length,
    kind === 'run' ? JSON.stringify(expansion.runs) : kind === 'failed' ? JSON.stringify(expansion.why) : '',
    revision ?? '',
    along === null ? '' : along.quiet ? 'quiet' : 'call',
    runs?.job ?? '',
    Date.now(),
    ...(inline ? payloads : []),
    ...(along?.jobs.flatMap(({ id, options }) => [id, options]) ?? []),
  );
}

/** Whether runs with these payloads may go into their queue with the act that keeps them. */
export const mayGoAlong = (payloads: string[]): boolean =>
  payloads.length > 0 && payloads.length <= MOST_ALONG && fitInline(payloads);

/** A step that is ready begins to wait. `ms`: from now; `null`: for ever. @returns `false` where it does already, or the workflow stops. */
export async function beginWait(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  until: { ms: number | null } | { at: number },
): Promise<boolean> {
  const { queue, jobId } = address;
  const answer = await waitScript(
    redis,
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    memberOf(address),
    HOLD_MS,
    step,
    'at' in until ? 'until' : 'for',
    ('at' in until ? until.at : until.ms) ?? '',
  );
  return answer === 'stored';
}

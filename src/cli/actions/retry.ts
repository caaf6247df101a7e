import type { Run } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import { isTaskQueue } from '../../queue/task-runs.js';
import type { Client } from '../client.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { printJson, say } from '../output.js';
import { plural } from '../show/text.js';
import { answer, each } from './run-requests.js';

/** Which runs are meant, where they are not named. */
interface Which {
  state?: 'failed' | 'parked';
  job?: string;
  app?: string;
  queue?: string;
  release?: string;
  window?: string;
  limit: number;
}
type RetryOptions = CommonOptions & Which & { dryRun?: boolean };

/** What is kept of a run that is found: payloads may be large, and many. */
type Found = Pick<Run, 'id' | 'job' | 'state'>;

/** Requests under way at once. */
const AT_ONCE = 8;
/** Runs asked for at a time. */
const PAGE = 100;

/** Tries the named runs again, or all that failed or were parked and fit. @throws SlackwaterError `not-found` where none does */
export async function retry(ids: string[], options: RetryOptions): Promise<void> {
  const { job, app, queue, release, window, state, dryRun } = options;
  const filtered = [job, app, queue, release, window].some(Boolean);
  if (ids.length > 0) {
    if (state || filtered || dryRun)
      throw wrong('name runs, or say which with --state and filters: not both');
    return each('retry')(ids, options);
  }
  if (!state) throw wrong('name runs, or say which: --state failed or --state parked, and filters');
  const client = connect(options);
  const { found, unknown, tasks, more } = await findRuns(client, options);
  const which = `${state} run${filtered ? ' like this' : ''}`;
  for (const id of unknown)
    say(
      `${id} is left for a person: nobody knows whether what it did outside was done (slackwater runs show ${id})`,
    );
  if (tasks > 0)
    say(`${plural(tasks, 'run')} passed over: hooks and probes, which only their window does again`);
  if (found.length === 0)
    throw new SlackwaterError(
      'not-found',
      `there is no ${which} to retry: see "slackwater runs ls --state ${state}"`,
    );
  if (more) say(`there are more than ${options.limit} (--limit): these are the newest`);
  if (dryRun) {
    if (options.json) return printJson({ dryRun: true, items: found });
    for (const run of found) answer(run);
    return say(`${plural(found.length, `${state} run`)} would be retried: nothing was done`);
  }
  say(`retrying ${plural(found.length, `${state} run`)}`);
  await retryAll(client, found, options);
}

async function findRuns(client: Client, { state, job, app, queue, release, window, limit }: Which) {
  const found: Found[] = [];
  const unknown: string[] = [];
  let tasks = 0;
  let cursor: string | undefined;
  do {
    const query = { state, job, app, queue, release, window, limit: PAGE, cursor };
    const page = await client.get<{ items: Run[]; nextCursor: string | null }>('/v1/runs', query);
    for (const { id, job, queue, state, parked } of page.items) {
      if (isTaskQueue(queue)) tasks += 1;
      // To retry it says that the effect was not done: of many at once nobody can have looked.
      else if (parked?.choices.includes('skip')) unknown.push(id);
      else found.push({ id, job, state });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && found.length <= limit);
  return { found: found.slice(0, limit), unknown, tasks, more: found.length > limit };
}

/** All were found before the first is asked for: what is queued again leaves the list that is read. */
async function retryAll(client: Client, found: Found[], { json }: CommonOptions): Promise<void> {
  const items: Run[] = [];
  let gone = 0;
  let failure: unknown;
  for (let i = 0; i < found.length && failure === undefined; i += AT_ONCE) {
    const asked = found.slice(i, i + AT_ONCE).map(({ id }) => client.post<Run>(`/v1/runs/${part(id)}/retry`));
    for (const result of await Promise.allSettled(asked)) {
      if (result.status === 'fulfilled') items.push(result.value);
      else if (isGone(result.reason)) gone += 1;
      else failure = result.reason;
      if (result.status === 'fulfilled' && !json) answer(result.value);
    }
  }
  if (json) printJson({ items });
  say(`${items.length} of ${plural(found.length, 'run')} queued again`);
  if (gone > 0)
    say(`${plural(gone, 'run')} passed over: somebody else has retried or removed them meanwhile`);
  if (failure !== undefined) throw failure;
}

const isGone = (error: unknown): boolean =>
  error instanceof SlackwaterError && (error.code === 'conflict' || error.code === 'not-found');

const wrong = (message: string) => new SlackwaterError('bad-request', message);

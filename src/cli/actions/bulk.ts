import type { Run } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import type { Client } from '../client.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { printJson, say } from '../output.js';
import { plural } from '../show/text.js';
import { type AskOptions, answer, each } from './run-requests.js';

/** Which runs are meant, where they are not named. */
interface Which {
  state?: string[];
  job?: string;
  app?: string;
  queue?: string;
  release?: string;
  window?: string;
  limit: number;
}
type BulkOptions = CommonOptions & Which & AskOptions & { dryRun?: boolean };
type Verb = 'retry' | 'cancel';

/** As `POST /v1/runs/retry` and `/cancel` answer. */
interface Answer {
  items: Pick<Run, 'id' | 'job' | 'queue' | 'state'>[];
  passed: { id: string; code: string; detail: string }[];
  more: boolean;
}

const WORDS = {
  retry: {
    states: '--state failed or --state parked',
    ing: 'retrying',
    ed: 'retried',
    done: 'queued again',
    undone: 'somebody else has retried or removed them meanwhile',
  },
  cancel: {
    states: '--state queued, delayed, running, yielded, waiting or parked',
    ing: 'cancelling',
    ed: 'cancelled',
    done: 'cancelled, or told to stop',
    undone: 'they have ended or were removed meanwhile',
  },
};

/** Asks the same of the named runs, or of all that are in a state and fit. @throws SlackwaterError `not-found` where none does */
const many =
  (verb: Verb) =>
  async (ids: string[], options: BulkOptions): Promise<void> => {
    const { job, app, queue, release, window, state, limit, dryRun } = options;
    const words = WORDS[verb];
    const filtered = [job, app, queue, release, window].some(Boolean);
    if (ids.length > 0) {
      if (state || filtered || dryRun)
        throw wrong('name runs, or say which with --state and filters: not both');
      return each(verb)(ids, options);
    }
    if (!state) throw wrong(`name runs, or say which: ${words.states}, and filters`);
    const client = connect(options);
    const which = { state, job, app, queue, release, window, limit };
    // All are found before the first is asked: what is asked may leave the list that is read.
    const found = await client.post<Answer>(`/v1/runs/${verb}`, { ...which, dryRun: true });
    const states = state.join(' or ');
    tellPassed(found);
    if (found.items.length === 0)
      throw new SlackwaterError(
        'not-found',
        `there is no ${states} run${filtered ? ' like this' : ''} to ${verb}: see "slackwater runs ls --state ${state.join(',')}"`,
      );
    if (found.more) say(`there are more than ${limit} (--limit): these are the newest`);
    if (dryRun) {
      if (options.json) return printJson({ dryRun: true, items: found.items });
      for (const run of found.items) answer(run);
      return say(`${plural(found.items.length, `${states} run`)} would be ${words.ed}: nothing was done`);
    }
    say(`${words.ing} ${plural(found.items.length, `${states} run`)}`);
    await askAll(client, verb, found.items, options);
  };
export const retry = many('retry');
export const cancel = many('cancel');

/** Of workflow runs to be retried instead of their parts, so many are named. */
const TOLD = 10;

function tellPassed({ passed }: Answer): void {
  for (const { id, code, detail } of passed)
    if (code === 'unknown-outcome') say(`${id} is ${detail} (slackwater runs show ${id})`);
  const workflows = passed.filter(({ code }) => code === 'part-of-workflow');
  for (const { detail } of workflows.slice(0, TOLD)) say(detail);
  if (workflows.length > TOLD)
    say(`others are parts of ${plural(workflows.length - TOLD, 'more workflow run')}: retry these`);
  const tasks = passed.filter(({ code }) => code === 'part-of-window').length;
  if (tasks > 0)
    say(`${plural(tasks, 'run')} passed over: hooks and probes, which only their window does again`);
}

/** Asked for at a time, so that something is seen of a thousand while they are worked off. */
const AT_A_TIME = 200;

async function askAll(
  client: Client,
  verb: Verb,
  found: Answer['items'],
  { json, reason }: CommonOptions & AskOptions,
): Promise<void> {
  const items: Answer['items'] = [];
  let passed = 0;
  for (let i = 0; i < found.length; i += AT_A_TIME) {
    const ids = found.slice(i, i + AT_A_TIME).map(({ id }) => id);
    const done = await client.post<Answer>(`/v1/runs/${verb}`, { ids, reason });
    items.push(...done.items);
    passed += done.passed.length;
    if (!json) for (const run of done.items) answer(run, verb === 'cancel' ? 'cancelling…' : undefined);
  }
  if (json) printJson({ items });
  say(`${items.length} of ${plural(found.length, 'run')} ${WORDS[verb].done}`);
  if (passed > 0) say(`${plural(passed, 'run')} passed over: ${WORDS[verb].undone}`);
}

const wrong = (message: string) => new SlackwaterError('bad-request', message);

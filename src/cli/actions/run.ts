import type { Run } from '../../model/run.js';
import { parseDuration } from '../../platform/duration.js';
import { readPayload } from '../arguments.js';
import { unlessLeft } from '../away.js';
import type { Client } from '../client.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { EXIT } from '../exit-codes.js';
import { detachOnSignal } from '../live/detach.js';
import { listen } from '../live/listen.js';
import { statusLine } from '../live/status-line.js';
import { print, printJson, say, styleOf } from '../output.js';
import { Exit, TimedOut } from '../report-error.js';
import { isEnded, runLines } from '../show/run.js';

interface RunOptions extends CommonOptions {
  payload?: string;
  wait?: boolean;
  timeout?: string;
  priority?: number;
  delay?: string;
  dedupeKey?: string;
  concurrencyKey?: string;
  app?: string;
}

/** What the server answers: more or less of the run. `created`: whether it is a new one. */
type Accepted = Pick<Run, 'id'> & Partial<Run> & { created?: boolean };

/** Asks for a run. Its ID is the data; with `--wait` its result is. */
export async function run(job: string, options: RunOptions): Promise<void> {
  const payload = options.payload === undefined ? {} : readPayload(options.payload);
  const client = connect(options);
  const { priority, delay, dedupeKey, concurrencyKey } = options;
  const body = { payload, priority, delay, dedupeKey, concurrencyKey };
  const accepted = await client.post<Accepted>(`/v1/jobs/${part(job)}/runs`, body, {
    query: { app: options.app },
  });
  if (!options.wait) {
    if (options.json) printJson(accepted);
    else print(accepted.id);
    sayKnown(accepted);
    return sayHeld(accepted);
  }
  if (!options.json) say(`run ${accepted.id}`);
  sayKnown(accepted);
  sayHeld(accepted);
  const ended = await waitForEnd(client, accepted.id, options);
  if (options.json) printJson(ended);
  else if (ended.state === 'completed') printJson(ended.result ?? null);
  else say(runLines(ended, Date.now(), styleOf(process.stderr)).join('\n'));
  if (ended.state !== 'completed') throw new Exit(EXIT.failed);
}

/** Looks between events: soon at first, for a short run, then rarer. */
const FIRST_LOOK = 50;

/** @returns the ended run. @throws TimedOut, or Exit if a signal came; the run goes on then. */
async function waitForEnd(client: Client, id: string, options: RunOptions): Promise<Run> {
  const stop = new AbortController();
  const giveBack = detachOnSignal(stop);
  const timer = options.timeout && setTimeout(() => stop.abort('timeout'), parseDuration(options.timeout));
  const news = listen(
    client,
    '/v1/events',
    stop.signal,
    ({ type, data }) => type === 'run.state' && data.run === id,
  );
  const meanwhile = options.json ? { show() {}, end() {} } : statusLine(process.stderr);
  try {
    for (let pace = FIRST_LOOK; !stop.signal.aborted; pace = Math.min(pace * 1.5, 1_000)) {
      const look = client.get<Run>(`/v1/runs/${part(id)}`, {}, stop.signal);
      const found = await look.catch(unlessLeft(stop.signal));
      if (found && isEnded(found)) return found;
      if (stop.signal.aborted) break;
      const text = found ? progressText(found) : `no answer from ${client.url}: waiting for it`;
      meanwhile.show(text);
      await news.next(pace);
    }
  } finally {
    if (timer) clearTimeout(timer);
    giveBack();
    meanwhile.end();
    if (!stop.signal.aborted) stop.abort('over');
  }
  if (stop.signal.reason === 'timeout') {
    throw new TimedOut(
      `run ${id} has not ended after ${options.timeout} and goes on: see "slackwater runs show ${id}"`,
    );
  }
  say(`\nThe run goes on. See it: slackwater runs show ${id} · end it: slackwater runs cancel ${id}`);
  throw stop.signal.reason;
}

function progressText({ state, progress }: Run): string {
  if (!progress) return state;
  return [state, progress.total ? `${progress.done}/${progress.total}` : String(progress.done), progress.note]
    .filter(Boolean)
    .join(' ');
}

/** Another request had the same key before. */
function sayKnown({ created, state }: Accepted): void {
  if (created === false) say(`not a new run: the one with this key is ${state}`);
}

function sayHeld({ heldBy = [] }: Partial<Run>): void {
  const holds = Array.isArray(heldBy) ? heldBy : [heldBy];
  for (const held of holds) {
    say(
      `waits: ${held.window ?? held.hold} (${held.reason})${held.until ? `, until ${held.until} at the latest` : ''}`,
    );
  }
}

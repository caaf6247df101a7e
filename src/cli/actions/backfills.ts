import { setTimeout as wait } from 'node:timers/promises';
import type { Backfill } from '../../model/backfill.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { EXIT } from '../exit-codes.js';
import { detachOnSignal } from '../live/detach.js';
import { statusLine } from '../live/status-line.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { Exit } from '../report-error.js';
import {
  type BackfillPlan,
  backfillLines,
  backfillPlanLines,
  backfillsTable,
  progressText,
} from '../show/backfills.js';

const PATH = '/v1/backfills';
const LOOK_EVERY_MS = 1_000;

interface BackfillOptions extends CommonOptions {
  app?: string;
  from: string;
  to?: string;
  concurrency?: number;
  reverse?: boolean;
  again?: boolean;
  dryRun?: boolean;
  wait?: boolean;
  as?: string;
}

export async function backfill(name: string, options: BackfillOptions): Promise<void> {
  const { app, from, to, concurrency, reverse, again, dryRun, json } = options;
  const client = connect(options);
  const asked = { from, to, concurrency, reverse, again, dryRun };
  const answer = await client.post<Backfill & BackfillPlan>(`/v1/schedules/${part(name)}/backfill`, asked, {
    query: { app },
  });
  const style = styleOf(process.stdout);
  if (dryRun) {
    if (json) return printJson(answer);
    printLines(backfillPlanLines(answer, style));
    return say('nothing was done (--dry-run)');
  }
  if (!options.wait) return tell(answer, options);
  if (!json) say(`backfill ${answer.id}`);
  const ended = await untilOver(answer, options);
  tell(ended, options);
  const { failed, parked, cancelled, gone } = ended.progress;
  if (ended.state !== 'completed' || failed + parked + cancelled + gone > 0) throw new Exit(EXIT.failed);
}

/** @throws what the signal gave as its reason, if one came: the backfill goes on then. */
async function untilOver(begun: Backfill, options: BackfillOptions): Promise<Backfill> {
  const client = connect(options);
  const stop = new AbortController();
  const giveBack = detachOnSignal(stop);
  const meanwhile = options.json ? { show() {}, end() {} } : statusLine(process.stderr);
  let found = begun;
  try {
    while (found.endedAt === null && !stop.signal.aborted) {
      meanwhile.show(progressText(found));
      await wait(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {});
      if (!stop.signal.aborted) found = await client.get<Backfill>(`${PATH}/${part(begun.id)}`);
    }
  } finally {
    giveBack();
    meanwhile.end();
  }
  if (found.endedAt !== null) return found;
  say(
    `\nThe backfill goes on. See it: slackwater schedules backfills show ${begun.id} · end it: slackwater schedules backfills cancel ${begun.id}`,
  );
  throw stop.signal.reason;
}

export async function ls(options: CommonOptions & { app?: string }): Promise<void> {
  const items = await connect(options).list<Backfill>(PATH, { app: options.app });
  if (options.json) return printJson({ items });
  print(backfillsTable(items, Date.now(), styleOf(process.stdout)));
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  tell(await connect(options).get<Backfill>(`${PATH}/${part(id)}`), options);
}

export async function cancel(id: string, options: CommonOptions & { as?: string }): Promise<void> {
  tell(await connect(options).post<Backfill>(`${PATH}/${part(id)}/cancel`), options);
}

function tell(backfill: Backfill, options: CommonOptions): void {
  if (options.json) printJson(backfill);
  else printLines(backfillLines(backfill, Date.now(), styleOf(process.stdout)));
}

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Run } from '../src/model/run.js';
import type { Report } from '../src/model/window.js';
import { Client } from './client.js';
import { deploy } from './deploy.js';
import { countLedger } from './ledger.js';
import { duration, Narrator } from './say.js';
import { Stage } from './stage.js';
import { type Answers, answersOf, roundsFor } from './undisturbed.js';
import { type Order, planWork } from './work.js';

/** The demo must end, whatever happens. */
const TIME_LIMIT_MS = 180_000;
const LIVE = ['queued', 'delayed', 'running', 'yielded', 'waiting'];

const json = process.argv.includes('--json');
const narrator = new Narrator(json);
const { say, good, bad, chapter } = {
  say: narrator.say.bind(narrator),
  good: narrator.good.bind(narrator),
  bad: narrator.bad.bind(narrator),
  chapter: narrator.chapter.bind(narrator),
};

/** The story, from top to bottom. @returns what `--json` prints. */
async function tell(stage: Stage, signal: AbortSignal) {
  chapter('Slackwater: new code under running batch jobs, without losing their work');
  say(
    'The work: a million US flights of 2001, read from a Parquet file: sums by airport, statistics, reports.',
  );
  say('First, each answer is computed directly, with nothing in between. We compare with it at the end.');
  const orders = await planWork(stage.dir, await roundsFor(700));
  const answers = await answersOf(orders, signal);
  good(`${orders.length} answers are known.`);

  chapter('1. Start');
  const client = new Client(await stage.start(signal), signal);
  good(
    `A server, a Redis and a host with its workers serve at ${client.url}. They run release 1 of the jobs.`,
  );
  const [broken, next] = [
    await stage.push(client.url, 'demo/releases/broken', signal),
    await stage.push(client.url, 'demo/releases/v2', signal),
  ];
  good(`Two newer releases are built and wait: ${broken} and ${next}.`);

  chapter('2. Work');
  const runs = await enqueue(client, orders);
  const inFlight = await untilInFlight(client, orders.length);
  good(
    `${inFlight} runs are in flight, and have saved their place at least once. None of them is stopped from here on.`,
  );

  chapter('3. A bad release is refused');
  say(`${broken} renames a field of the saved state and forgot the runs that are half-way. Nobody noticed.`);
  const refused = await deploy(client, narrator, broken, 'rename a field');
  const [refusal] = refused.refusals;
  if (refused.outcome === 'refused' && refusal) {
    good('Refused, before anything was stopped. It says what, where and why:');
    say(
      `  run ${refusal.run} of ${refusal.job}, state version ${refusal.from}, at ${refusal.path || 'the root'}: ${refusal.message}`,
    );
    say(`  and the same for ${refused.refusals.length - 1} more runs. All of them just went on.`);
  } else bad(`The window ended as ${refused.outcome}, not as refused: ${refused.summary}`);

  chapter('4. A good release goes in');
  say(`${next} keeps the sums in another shape, and says how to get there and back.`);
  const window = await deploy(client, narrator, next, 'one entry an airport');
  const report = await client.get<Report>(`/v1/windows/${window.id}/report`);
  if (window.outcome === 'completed') tellReport(report);
  else bad(`The window ended as ${window.outcome}: ${window.summary}`);

  chapter('5. The end of the work');
  const ended = await untilEnded(client, runs);
  const verdict = judge(stage, ended, runs, answers);
  return {
    ok:
      refused.outcome === 'refused' && refusal !== undefined && window.outcome === 'completed' && verdict.ok,
    report,
    refused: {
      window: refused.id,
      outcome: refused.outcome,
      summary: refused.summary,
      refusals: refused.refusals,
    },
    ...verdict.figures,
  };
}

/** @returns the ID of each run with its order. */
async function enqueue(client: Client, orders: Order[]): Promise<Map<string, Order>> {
  const runs = new Map<string, Order>();
  for (const order of orders) {
    const { id } = await client.post<{ id: string }>(`/v1/jobs/${order.job}/runs`, {
      payload: order.payload,
    });
    runs.set(id, order);
  }
  say(`${runs.size} runs are asked for over HTTP: ${tally([...runs.values()].map(order => order.job))}.`);
  return runs;
}

/** Waits until runs of all kinds compute and every stream has a checkpoint that a release must be able to read. */
async function untilInFlight(client: Client, all: number): Promise<number> {
  for (;;) {
    const running = await client.list<Run>('/v1/runs?state=running&');
    const streams = running.filter(run => run.job === 'flights.delays');
    if (running.length >= all - 3 && streams.every(run => run.checkpoint !== null)) return running.length;
    await wait(50, undefined, { signal: client.signal });
  }
}

async function untilEnded(client: Client, runs: Map<string, Order>): Promise<Run[]> {
  say('The runs go on in the new code, to their end.');
  for (;;) {
    const all = await client.list<Run>('/v1/runs?');
    const open = all.filter(run => runs.has(run.id) && LIVE.includes(run.state));
    if (open.length === 0) return all.filter(run => runs.has(run.id));
    await wait(200, undefined, { signal: client.signal });
  }
}

function tellReport(report: Report): void {
  const { pause, runs } = report;
  good(`Release ${report.from} is out, ${report.to} is in.`);
  say(
    `  ${runs.inFlight} runs were computing. ${runs.yielded} stopped at a checkpoint and went on in the new code, ${runs.finished} came to their end first.`,
  );
  say(`  Each stood still for ${duration(pause.p50Ms)} (median), ${duration(pause.maxMs)} at most.`);
  say(`  From the last progress in the old code to the first in the new: ${duration(report.downtimeMs)}.`);
  say(
    `  ${report.proof.checkpoints} saved states were read by the new code, and brought back for the old, before the swap.`,
  );
  say(`  Work lost: ${duration(report.work.lostMs)}. Parts done again: ${report.work.repeatedCheckpoints}.`);
}

/** Compares results with the answers, and counts effects from the ledger. */
function judge(stage: Stage, ended: Run[], runs: Map<string, Order>, answers: Answers) {
  const completed = ended.filter(run => run.state === 'completed');
  const wrong = ended.filter(run => !isDeepStrictEqual(run.result, answers.get(runs.get(run.id)!)));
  const expected = new Map([...runs].map(([id, order]) => [id, order.items]));
  const count = countLedger(join(stage.dir, 'ledger.jsonl'), expected);
  const attempt = Math.max(count.attempt, ...ended.map(run => run.attempt));
  const checks: [boolean, string][] = [
    [completed.length === runs.size, `${completed.length} of ${runs.size} runs are completed.`],
    [
      wrong.length === 0,
      `${ended.length - wrong.length} of ${runs.size} results equal those of the undisturbed computation.`,
    ],
    [
      count.repeated === 0,
      `${count.repeated} of ${count.lines} effects were done twice, says the ledger that the jobs wrote.`,
    ],
    [count.lost === 0, `${count.lost} were lost.`],
    [attempt === 1, `Attempts that any run needed: ${attempt}. A deploy costs none.`],
    [
      count.releases.size === 2,
      `Effects by release: ${[...count.releases].map(([id, n]) => `${id} ${n}`).join(', ')}.`,
    ],
  ];
  for (const [right, text] of checks) (right ? good : bad)(text);
  for (const run of wrong.slice(0, 3))
    bad(`  ${run.id} of ${run.job}: ${run.state} ${run.error?.message ?? ''}`);
  return {
    ok: checks.every(([right]) => right),
    figures: {
      resultsMatch: completed.length === runs.size && wrong.length === 0,
      repeatedItems: count.repeated,
      lostItems: count.lost,
      runs: { accepted: runs.size, completed: completed.length, maxAttempt: attempt, items: count.lines },
    },
  };
}

function tally(names: string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => `${n} × ${name}`).join(', ');
}

const interrupted = new AbortController();
const limit = setTimeout(() => {
  interrupted.abort(
    new Error(`the demo did not end within ${TIME_LIMIT_MS / 1_000} s; is this machine very busy?`),
  );
}, TIME_LIMIT_MS);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => interrupted.abort(new Error(`stopped by ${name}`)));
}

const stage = new Stage();
try {
  const { ok, ...result } = await tell(stage, interrupted.signal);
  chapter(
    ok
      ? 'All is right. Nothing was lost, nothing was done twice.'
      : 'Something is wrong: see the lines with ✗.',
  );
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  bad(`The demo failed: ${(interrupted.signal.reason ?? error).message}`);
  if (stage.diagnostics) say(`Last words of the server and the host:\n${stage.diagnostics}`);
  process.exitCode = 1;
} finally {
  clearTimeout(limit);
  await stage.stop();
}

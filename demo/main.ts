import { join } from 'node:path';
import type { Report } from '../src/model/window.js';
import { Client } from './client.js';
import { deploy } from './deploy.js';
import { enqueue, tally, untilEnded, untilInFlight } from './runs.js';
import { Narrator } from './say.js';
import { Stage } from './stage.js';
import { answersOf, roundsFor } from './undisturbed.js';
import { judge, tellReport } from './verdict.js';
import { planWork } from './work.js';

/** The demo ends, whatever happens. */
const TIME_LIMIT_MS = 180_000;
/** Size of each CPU-bound run: alone on one core it takes so long. */
const CPU_BOUND_MS = 800;

/** The story, from top to bottom. @returns what `--json` prints, and whether all of it is right. */
async function tell(narrator: Narrator, stage: Stage, signal: AbortSignal) {
  const say = narrator.say.bind(narrator);
  const good = narrator.good.bind(narrator);

  narrator.chapter('Slackwater: new code under running batch jobs, without losing their work');
  say('The work: a million US flights of 2001, from a Parquet file. Sums by airport, statistics, reports.');
  say('First, each answer is computed directly, with nothing in between. At the end we compare.');
  const orders = await planWork(stage.dir, await roundsFor(CPU_BOUND_MS));
  const answers = await answersOf(orders, signal);
  good(`${orders.length} answers are known.`);

  narrator.chapter('1. Start');
  const client = new Client(await stage.start(signal), signal);
  good(
    `Redis, a server and a host with its workers are up: ${client.url}. They run the first release of the jobs.`,
  );
  const broken = await stage.push(client.url, 'demo/releases/broken', signal);
  const next = await stage.push(client.url, 'demo/releases/v2', signal);
  good(`Two newer releases are built, and wait: ${broken} and ${next}.`);

  narrator.chapter('2. Work');
  const runs = await enqueue(client, orders);
  say(`${runs.size} runs are asked for over HTTP: ${tally(orders.map(order => order.job))}.`);
  const inFlight = await untilInFlight(client, runs);
  good(
    `${inFlight.length} are half-way through. Most teams would now stop them, and start again from the beginning.`,
  );

  narrator.chapter('3. A bad release is refused');
  say(`${broken} renames a field of the saved state. Nobody thought of the runs that have the old one.`);
  const refused = await deploy(client, narrator, broken, 'rename a field');
  const [refusal] = refused.refusals;
  if (refused.outcome === 'refused' && refusal) {
    good('Refused, and nothing was stopped for it. It says which run, which job, and where in its state:');
    say(`  ${refusal.run}, ${refusal.job}, ${refusal.path || 'the whole state'}: ${refusal.message}`);
    say(`  (and ${refused.refusals.length - 1} more). All of them just went on.`);
  } else narrator.bad(`The window ended as ${refused.outcome}, not as refused: ${refused.summary}`);

  narrator.chapter('4. A good release goes in');
  say(`${next} keeps the sums in another shape. It says how to get there from the old one, and back.`);
  const window = await deploy(client, narrator, next, 'one entry an airport');
  const report = await client.get<Report>(`/v1/windows/${window.id}/report`);
  if (window.outcome === 'completed') tellReport(narrator, report);
  else narrator.bad(`The window ended as ${window.outcome}: ${window.summary}`);

  narrator.chapter('5. Was anything lost?');
  say('The runs go on in the new code, to their end.');
  const ended = await untilEnded(client, runs);
  const verdict = judge(narrator, join(stage.dir, 'ledger.jsonl'), ended, runs, answers);
  const { id, outcome, summary, refusals } = refused;
  return {
    ok: outcome === 'refused' && refusals.length > 0 && window.outcome === 'completed' && verdict.ok,
    result: { report, refused: { window: id, outcome, summary, refusals }, ...verdict.figures },
  };
}

const json = process.argv.includes('--json');
const narrator = new Narrator(json);
const interrupted = new AbortController();
const limit = setTimeout(() => {
  const message = `it did not end within ${TIME_LIMIT_MS / 1_000} s; is this machine very busy?`;
  interrupted.abort(new Error(message));
}, TIME_LIMIT_MS);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Again and again is no reason to leave something behind.
  process.on(name, () => interrupted.abort(new Error(`stopped by ${name}`)));
}

const stage = new Stage();
try {
  const { ok, result } = await tell(narrator, stage, interrupted.signal);
  narrator.chapter(
    ok ? 'Nothing was lost, and nothing was done twice.' : 'Something is wrong: see the lines with ✗.',
  );
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  narrator.bad(`The demo has failed: ${(interrupted.signal.reason ?? error).message}`);
  if (!interrupted.signal.aborted) narrator.say(`Last words of server and host:\n${stage.diagnostics}`);
  process.exitCode = 1;
} finally {
  clearTimeout(limit);
  await stage.stop();
}

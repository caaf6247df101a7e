import { pathToFileURL } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { collectDefinitions, type Definitions } from '../author/registry.js';
import { evaluate } from '../execution/evaluate.js';
import { type Execution, execute } from '../execution/execute.js';
import { prove } from '../execution/proof.js';
import type { ToHost, ToWorker } from '../model/messages.js';
import { systemClock } from '../platform/clock.js';
import { errorRecord } from '../platform/errors.js';
import { Outbox } from '../platform/outbox.js';
import { createPort } from './port.js';
import { Questions } from './questions.js';
import { tellAnswer } from './tell-answer.js';

/**
 * Entry of a worker process, forked by the host as `main.js ENTRY CHECKPOINT_LIMIT`: the module of the release to load, and the
 * largest state (bytes) that may be saved.
 */
const [entry, checkpointLimit] = process.argv.slice(2) as [string, string];
process.title = 'slackwater worker';

const outbox = new Outbox<ToHost>(batch => process.connected && process.send!(batch));
const executions = new Map<number, { execution: Execution; port: ReturnType<typeof createPort> }>();
const questions = new Questions();
let draining = false;

// Without the watchdog nothing may compute here.
new Thread(new URL('./watchdog.js', import.meta.url)).on('error', error => {
  process.stderr.write(`the watchdog of worker ${process.pid} failed: ${error}\n`);
  process.exit(1);
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; it is the host that decides when a worker ends.
process.on('SIGINT', () => {});
// An error that nobody caught, in a timer or a forgotten promise, could be any run's. The process is not to be trusted any more; its last words are kept.
process.on('uncaughtException', error => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  if (!process.connected) process.exit(1);
  outbox.flush();
  process.send!([{ t: 'dying', error: errorRecord(error) } satisfies ToHost], () => process.exit(1));
});

try {
  const { modules } = (await import(pathToFileURL(entry).href)) as {
    modules: Record<string, Record<string, unknown>>;
  };
  const definitions = collectDefinitions(modules);
  process.on('message', batch => {
    for (const message of batch as ToWorker[]) receive(message, definitions);
  });
  outbox.push({ t: 'ready', jobs: definitions.jobs.size });
} catch (error) {
  outbox.push({ t: 'broken', error: errorRecord(error) });
}

function receive(message: ToWorker, { jobs, workflows }: Definitions): void {
  switch (message.t) {
    case 'start':
      return start(message.claim, message.run, jobs);
    case 'ack':
      return executions.get(message.claim)?.port.answer(message);
    case 'abort':
      return executions.get(message.claim)?.execution.abort(message.reason);
    case 'drain':
      return drain(message.on, message.claims);
    case 'prove':
      outbox.push({
        t: 'proved',
        seq: message.seq,
        results: message.items.map(item => prove(jobs.get(item.job), item)),
      });
      return;
    case 'results':
      return questions.add(message);
    case 'evaluate': {
      const question = questions.whole(message);
      return tellAnswer(message.seq, evaluate(workflows, question), told => outbox.push(told));
    }
    case 'exit':
      process.exit(0);
  }
}

function drain(on: boolean, claims: number[] | undefined): void {
  if (!claims) draining = on;
  for (const claim of claims ?? executions.keys()) executions.get(claim)?.execution.drain(on);
}

function start(
  claim: number,
  run: Extract<ToWorker, { t: 'start' }>['run'],
  jobs: Definitions['jobs'],
): void {
  const job = jobs.get(run.job);
  if (!job) {
    const reason = `job ${run.job} is not in release ${run.release}: deploy a release that has it, or cancel the run`;
    outbox.push({
      t: 'end',
      claim,
      end: { kind: 'parked', parked: { reason, choices: ['retry', 'cancel'] } },
    });
    return;
  }
  const port = createPort(
    claim,
    message => outbox.push(message),
    () => execution.takeChances(),
  );
  const execution: Execution = execute(job, run, port, {
    clock: systemClock,
    draining,
    checkpointLimit: Number(checkpointLimit),
  });
  executions.set(claim, { execution, port });
  void execution.ended.then(end => {
    executions.delete(claim);
    port.flush();
    outbox.push({ t: 'end', claim, end, chances: execution.takeChances() });
  });
}

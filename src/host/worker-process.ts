import { type ChildProcess, fork } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ProofItem, ProofResult, ToHost, ToWorker } from '../model/messages.js';
import type { RunError } from '../model/run.js';
import type { StepAnswer, StepQuestion } from '../model/workflow.js';
import { Outbox } from '../platform/outbox.js';
import { pagesOf } from '../platform/pages.js';

/** Characters of results in one message. */
const PAGE = 64 * 1024;
const MAIN = fileURLToPath(new URL('../worker/main.js', import.meta.url));
/** What a release always gets to see; everything else must be granted by name (`host.env`). */
const HARMLESS = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'];

export interface WorkerProcessOptions {
  /** Absolute path of the module to load. */
  entry: string;
  checkpointLimit: number;
  /** Names of granted environment variables. */
  env: string[];
  onMessage(message: ToHost): void;
  /** The process is gone. */
  onExit(cause: string): void;
}

/** One forked worker: batched messages both ways, a pipe for the watchdog's deadline, an end that can be waited for. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #outbox: Outbox<ToWorker>;
  readonly #proofs = new Map<number, (results: ProofResult[]) => void>();
  #seq = 0;
  readonly #evaluations = new Map<number, { payloads: string[]; resolve(answer: StepAnswer | null): void }>();
  #deadline = -1n;
  #lastWords: RunError | null = null;
  /** Settles when the release is loaded, or is known to be broken. */
  readonly loaded: Promise<{ ok: true } | { ok: false; error: RunError }>;
  readonly exited: Promise<void>;
  alive = true;

  constructor({ entry, checkpointLimit, env, onMessage, onExit }: WorkerProcessOptions) {
    this.#child = fork(MAIN, [entry, String(checkpointLimit)], {
      // Author code's output goes to the host's stderr: stdout belongs to data.
      stdio: ['ignore', 2, 2, 'ipc', 'pipe'],
      env: grantedEnvironment(env),
      execArgv: ['--enable-source-maps'],
    });
    this.#outbox = new Outbox(batch => this.#child.connected && this.#child.send(batch, () => {}));
    // A dead child's pipe reports EPIPE; its exit is what counts.
    (this.#child.stdio[4] as Writable).on('error', () => {});

    let settleLoaded: (result: { ok: true } | { ok: false; error: RunError }) => void;
    this.loaded = new Promise(resolve => {
      settleLoaded = resolve;
    });
    this.#child.on('message', batch => {
      for (const message of batch as ToHost[]) {
        if (message.t === 'ready') settleLoaded({ ok: true });
        else if (message.t === 'dying') this.#lastWords = message.error;
        else if (message.t === 'broken') settleLoaded({ ok: false, error: message.error });
        else if (message.t === 'proved') this.#proved(message.seq, message.results);
        else if (message.t === 'payloads')
          this.#evaluations.get(message.seq)?.payloads.push(...message.payloads);
        else if (message.t === 'evaluated') this.#evaluated(message.seq, message.answer);
        else onMessage(message);
      }
    });
    this.exited = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => {
        this.alive = false;
        const ended = signal ? `was ended by ${signal}` : `exited with code ${code}`;
        const cause = this.#lastWords
          ? `died of an error that nobody caught: ${firstLines(this.#lastWords)}`
          : ended;
        settleLoaded({
          ok: false,
          error: {
            name: 'WorkerExit',
            message: `the worker ${cause} while it loaded the release`,
            stack: '',
          },
        });
        for (const seq of [...this.#proofs.keys()]) this.#proved(seq, []);
        for (const seq of [...this.#evaluations.keys()]) this.#evaluated(seq, null);
        resolve();
        onExit(cause);
      });
    });
    this.#child.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToWorker): void {
    this.#outbox.push(message);
  }

  /** @returns a result for each item, in order; none where the process died first. */
  prove(items: ProofItem[]): Promise<ProofResult[]> {
    if (!this.alive) return Promise.resolve([]);
    return new Promise(resolve => {
      this.#proofs.set(++this.#seq, resolve);
      this.send({ t: 'prove', seq: this.#seq, items });
    });
  }

  #proved(seq: number, results: ProofResult[]): void {
    this.#proofs.get(seq)?.(results);
    this.#proofs.delete(seq);
  }

  /** @returns what the release's code says; `null` where the process died first. */
  evaluate(question: StepQuestion): Promise<StepAnswer | null> {
    if (!this.alive) return Promise.resolve(null);
    return new Promise(resolve => {
      this.#evaluations.set(++this.#seq, { payloads: [], resolve });
      this.#askInPages(this.#seq, question);
    });
  }

  /** Results of many elements go in pages, one a turn of the loop: each message is written in one go. */
  #askInPages(seq: number, question: StepQuestion): void {
    const results = Object.entries(question.results);
    const pages = results.flatMap(([step, texts]) =>
      Array.isArray(texts) ? pagesOf(texts, PAGE).map(results => ({ step, results })) : [],
    );
    if (pages.length <= 1) return this.send({ t: 'evaluate', seq, question });
    const small = Object.fromEntries(
      results.map(([step, texts]) => [step, Array.isArray(texts) ? [] : texts]),
    );
    const next = () => {
      const page = pages.shift();
      if (!page) return this.send({ t: 'evaluate', seq, question: { ...question, results: small } });
      this.send({ t: 'results', seq, ...page });
      setImmediate(next);
    };
    next();
  }

  #evaluated(seq: number, answer: StepAnswer | null): void {
    const asked = this.#evaluations.get(seq);
    this.#evaluations.delete(seq);
    if (answer?.verdict === 'run' && asked?.payloads.length)
      return asked.resolve({ verdict: 'run', payloads: asked.payloads.concat(answer.payloads) });
    asked?.resolve(answer);
  }

  /** Until when (monotonic ns) runs may compute in this process; 0n: it has none. */
  setDeadline(deadline: bigint): void {
    if (deadline === this.#deadline || !this.alive) return;
    this.#deadline = deadline;
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64LE(deadline);
    (this.#child.stdio[4] as Writable).write(bytes);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks the process to exit (it must have no runs), and ends it if it is deaf. */
  async stop(patienceMs = 1_000): Promise<void> {
    this.send({ t: 'exit' });
    const timer = setTimeout(() => this.kill(), patienceMs);
    await this.exited;
    clearTimeout(timer);
  }
}

function grantedEnvironment(names: string[]): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of [...HARMLESS, ...names])
    if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}

/** What was thrown, and where: enough to find it. */
const firstLines = ({ stack, message }: RunError): string =>
  (stack || message)
    .split('\n', 3)
    .map(line => line.trim())
    .join(' ');

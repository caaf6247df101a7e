import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { within } from '../../test/support/eventually.js';
import type { Scope } from './scope.js';

export interface ChildOptions {
  scope: Scope;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** What it prints is appended to this file, too. */
  log?: string;
}

type Message = Record<string, unknown>;

/**
 * A forked program that speaks over IPC, in messages with a `t`. It ends when the channel closes, so that it cannot outlive this process.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #messages: Message[] = [];
  readonly #listeners = new Set<() => void>();
  #said = '';
  #ended = false;
  readonly exited: Promise<void>;

  constructor(
    file: string,
    args: string[],
    { scope, env, cwd, log }: ChildOptions,
    private readonly name = file.split('/').at(-1)!,
  ) {
    // In a session of its own: Ctrl-C is for us, who end it in its turn.
    this.#process = fork(file, args, {
      env: env ?? process.env,
      cwd,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', text => {
        this.#said = (this.#said + text).slice(-8_000);
        if (log) appendFileSync(log, text);
        this.#wake();
      });
    }
    this.#process.on('message', message => {
      this.#messages.push(message as Message);
      this.#wake();
    });
    this.#process.on('error', () => {});
    this.exited = new Promise(resolve => {
      this.#process.once('exit', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
    scope.defer(() => this.stop());
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The end of what it printed, for the message of a failure. */
  get said(): string {
    return this.#said;
  }

  send(message: Serializable): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** The next message that has this `t`; others are kept. @throws Error on timeout, or when the program ends first. */
  message(t: string, timeout = 60_000): Promise<Message> {
    const find = () => {
      const at = this.#messages.findIndex(message => message.t === t || t in message);
      return at < 0 ? undefined : this.#messages.splice(at, 1)[0];
    };
    return this.#until(`the message "${t}" of ${this.name}`, timeout, find);
  }

  /** The first match in what it has printed. */
  printed(pattern: RegExp, timeout = 30_000): Promise<RegExpExecArray> {
    return this.#until(`${pattern} from ${this.name}`, timeout, () => pattern.exec(this.#said) ?? undefined);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** Asks it to leave by SIGTERM, and ends it if it does not. */
  async stop(patienceMs = 10_000): Promise<void> {
    if (this.#ended || this.#process.pid === undefined) return;
    this.#process.kill('SIGTERM');
    const impatience = setTimeout(() => this.kill(), patienceMs);
    await this.exited;
    clearTimeout(impatience);
  }

  #until<Found>(what: string, timeout: number, find: () => Found | undefined): Promise<Found> {
    let listener = () => {};
    const found = new Promise<Found>((resolve, reject) => {
      listener = () => {
        const result = find();
        if (result !== undefined) resolve(result);
        else if (this.#ended) reject(new Error(`${this.name} ended before ${what} came\n${this.#said}`));
      };
      this.#listeners.add(listener);
      listener();
    });
    return within(timeout, what, found, () => this.#said).finally(() => this.#listeners.delete(listener));
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

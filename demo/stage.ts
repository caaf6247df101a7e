import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from '../src/store/redis.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(root, 'dist/cli/main.js');
const APP = 'flights';

/** A whole Slackwater for one demo: Redis, server, host and workers, started by the packaged CLI and gone afterwards. */
export class Stage {
  /** Everything that the demo writes. */
  readonly dir: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #name: string;
  #dev: ChildProcess | undefined;
  #said = '';

  constructor() {
    mkdirSync(join(root, '.slackwater'), { recursive: true });
    this.dir = mkdtempSync(join(root, '.slackwater', 'demo-'));
    // On a Redis that others use too (REDIS_URL) the demo keeps to names of its own.
    this.#name = `demo-${process.pid}-${Date.now()}`;
    this.#env = {
      ...process.env,
      SLACKWATER_NAMESPACE: this.#name,
      SLACKWATER_QUEUE_PREFIX: `{${this.#name}}`,
    };
  }

  /** @returns the URL of the server, once it serves and the first release runs. */
  async start(signal: AbortSignal): Promise<string> {
    const args = [CLI, 'dev', '--jobs', join(root, 'jobs'), '--app', APP, '--port', '0', '--data', this.dir];
    // A group of its own: Ctrl-C reaches the demo alone, which then ends all of it in order. Should the demo be killed, the channel closes,
    // and that tells `dev` to leave.
    const dev = spawn(process.execPath, args, {
      cwd: root,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.#dev = dev;
    dev.stderr!.on('data', chunk => {
      this.#said = (this.#said + chunk).slice(-4_000);
    });
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      dev.once('error', reject);
      dev.once('exit', code => reject(new Error(`slackwater dev ended with code ${code}:\n${this.#said}`)));
      createInterface({ input: dev.stdout! }).on('line', line => {
        const url = /ready (http:\S+)/.exec(line)?.[1];
        if (url) resolve(url);
      });
    });
  }

  /** Bundles a folder of jobs and sends it to the server. @returns the ID of the release. */
  async push(url: string, jobs: string, signal: AbortSignal): Promise<string> {
    const args = [CLI, 'release', 'push', '--jobs', join(root, jobs), '--app', APP, '--url', url, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env: this.#env,
      signal,
    });
    return (JSON.parse(stdout) as { id: string }).id;
  }

  /** What the server and the host said last: the place to look when something failed. */
  get diagnostics(): string {
    return this.#said;
  }

  /** Ends every process and removes every file and key. */
  async stop(): Promise<void> {
    const dev = this.#dev;
    if (dev?.pid && dev.exitCode === null && dev.signalCode === null) {
      const gone = new Promise<void>(resolve => dev.once('exit', () => resolve()));
      dev.kill('SIGTERM');
      if (dev.connected) dev.disconnect();
      const impatience = setTimeout(() => killGroup(dev.pid!), 20_000);
      await gone;
      clearTimeout(impatience);
    }
    if (dev?.pid) killGroup(dev.pid);
    dev?.stdout?.destroy();
    dev?.stderr?.destroy();
    if (process.env.REDIS_URL) await forget(process.env.REDIS_URL, this.#name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

/** Removes the demo's keys from a Redis that is not its own. */
async function forget(url: string, name: string): Promise<void> {
  const redis = connect({ url });
  try {
    for await (const keys of redis.scanStream({ match: `{${name}}*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...(keys as string[]));
    }
  } finally {
    redis.disconnect();
  }
}

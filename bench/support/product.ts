import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostStatus } from '../../src/model/intent.js';
import type { Run } from '../../src/model/run.js';
import type { Report, Window } from '../../src/model/window.js';
import { eventually } from '../../test/support/eventually.js';
import { descendants } from '../../test/support/process-tree.js';
import { type Context, check } from './bench.js';
import { Child } from './child.js';
import { Http } from './http.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const APP = 'bench';
const LIVE = ['queued', 'delayed', 'running', 'yielded', 'waiting'];

export interface ProductOptions {
  hosts?: number;
  /** Default: one for each core, as `host` itself chooses. */
  workers?: number;
  env?: Record<string, string>;
}

/** A whole Slackwater: one server and some hosts, real processes of the compiled CLI; everything else over HTTP, as a user has it. */
export class Product {
  readonly hosts: Child[] = [];
  readonly #env: NodeJS.ProcessEnv;
  #server: Child | undefined;
  #http: Http | undefined;

  private constructor(
    private readonly context: Context,
    options: ProductOptions,
  ) {
    const { PATH, HOME, TMPDIR } = process.env;
    this.#env = {
      PATH,
      HOME,
      ...(TMPDIR && { TMPDIR }),
      REDIS_URL: context.redisUrl,
      SLACKWATER_NAMESPACE: context.keys,
      SLACKWATER_QUEUE_PREFIX: `{${context.keys}}`,
      SLACKWATER_DATA: join(context.dir, 'product'),
      ...(options.workers && { SLACKWATER_WORKERS: String(options.workers) }),
      ...options.env,
    };
  }

  static async start(context: Context, options: ProductOptions = {}): Promise<Product> {
    const product = new Product(context, options);
    product.#server = new Child(CLI, ['serve', '--port', '0'], { ...context, env: product.#env }, 'serve');
    const [, url] = await product.#server.printed(/ready (http:\S+)/);
    product.#http = new Http(url!);
    for (let i = 0; i < (options.hosts ?? 1); i++) await product.startHost();
    return product;
  }

  async startHost(): Promise<Child> {
    const host = new Child(CLI, ['host'], { ...this.context, env: this.#env }, 'host');
    await host.message('ready');
    this.hosts.push(host);
    return host;
  }

  /** Of the server. */
  get serverPid(): number {
    return this.#server!.pid;
  }

  /** Bundles a folder of `bench/jobs` and sends it. @returns the ID of the release. */
  push(folder: string): Promise<string> {
    return this.pushFolder(join(ROOT, 'bench/jobs', folder), APP);
  }

  async pushFolder(folder: string, app: string): Promise<string> {
    const args = [CLI, 'release', 'push', '--jobs', folder, '--app', app];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...args, '--url', this.#http!.url, '--json'],
      { env: this.#env, timeout: 60_000 },
    );
    return (JSON.parse(stdout) as { id: string }).id;
  }

  /** Opens a window now and waits for its end. @throws Error unless it completes. */
  async deploy(release: string, fields: object = {}): Promise<Report> {
    const { id } = await this.#http!.post<Window>('/v1/windows', {
      release,
      reason: 'bench',
      drainTimeout: '60s',
      ...fields,
    });
    const window = await eventually(
      async () => {
        const window = await this.#http!.get<Window>(`/v1/windows/${id}`);
        return window.phase === 'done' ? window : undefined;
      },
      { timeout: 90_000, every: 50, what: `the end of window ${id}` },
    );
    check(window.outcome === 'completed', `window ${id} ended as ${window.outcome}: ${window.summary}`);
    return this.#http!.get<Report>(`/v1/windows/${id}/report`);
  }

  /** Resolves when the schedules of these apps apply, and are so many. */
  async untilScheduled(apps: string[], count: number): Promise<void> {
    await eventually(
      async () => {
        let found = 0;
        for (const app of apps) found += await this.#schedulesOf(app);
        return found === count;
      },
      { timeout: 60_000, every: 200, what: `${count} schedules that apply` },
    );
  }

  async #schedulesOf(app: string): Promise<number> {
    let count = 0;
    let cursor: string | null = '';
    while (cursor !== null) {
      const path = `/v1/schedules?app=${app}&limit=200${cursor && `&cursor=${cursor}`}`;
      const page: { items: object[]; nextCursor: string | null } = await this.#http!.get(path);
      count += page.items.length;
      cursor = page.nextCursor;
    }
    return count;
  }

  /** @returns the IDs of the runs, in order. */
  async enqueue(job: string, payloads: object[]): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < payloads.length; from += 5_000) {
      const body = payloads.slice(from, from + 5_000).map(payload => ({ payload }));
      const { items } = await this.#http!.post<{ items: { id: string }[] }>(
        `/v1/jobs/${job}/runs/bulk`,
        body,
      );
      ids.push(...items.map(({ id }) => id));
    }
    return ids;
  }

  /** Asks for a run of a workflow. @returns its ID. */
  async ask(workflow: string, payload: object): Promise<string> {
    return (await this.#http!.post<{ id: string }>(`/v1/jobs/${workflow}/runs`, { payload })).id;
  }

  run(id: string): Promise<Run> {
    return this.#http!.get<Run>(`/v1/runs/${encodeURIComponent(id)}`);
  }

  /** The run when it has completed. @throws Error if it ended otherwise. */
  async completed(id: string): Promise<Run> {
    const run = await eventually(
      async () => {
        const run = await this.run(id);
        return LIVE.includes(run.state) ? undefined : run;
      },
      { timeout: 60_000, every: 50, what: `the end of ${id}` },
    );
    check(run.state === 'completed', `run ${id} is ${run.state}: ${run.error?.message}`);
    return run;
  }

  /** Resolves when exactly so many runs are in workers. */
  async untilRunning(runs: number): Promise<void> {
    await eventually(
      async () => {
        const { items } = await this.#http!.get<{ items: HostStatus[] }>('/v1/hosts');
        return items.reduce((sum, host) => sum + (host.apps[APP]?.running ?? 0), 0) === runs;
      },
      { timeout: 60_000, every: 50, what: `${runs} runs in workers` },
    );
  }

  /** Resolves when none is left. @throws Error if one did not complete. */
  async untilAllCompleted(): Promise<void> {
    const failed = await eventually(
      async () => {
        const { items } = await this.#http!.get<{ items: { counts: Record<string, number> }[] }>(
          '/v1/queues',
        );
        const total = (state: string) => items.reduce((sum, { counts }) => sum + (counts[state] ?? 0), 0);
        const left =
          total('active') + total('wait') + total('prioritized') + total('delayed') + total('waiting');
        // Cancelled and parked runs stand there too.
        return left === 0 ? { count: total('failed') } : undefined;
      },
      { timeout: 60_000, every: 50, what: 'the end of all runs' },
    );
    check(failed.count === 0, `${failed.count} runs did not complete`);
  }

  /** Process IDs of a host's workers. */
  workersOf(host: Child): number[] {
    return descendants(host.pid)
      .filter(({ command }) => /worker/.test(command))
      .map(({ pid }) => pid);
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) await host.stop();
    await this.#server?.stop();
  }
}

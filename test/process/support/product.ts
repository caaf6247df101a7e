import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '../../../src/cli/client.js';
import { createClient } from '../../../src/cli/client.js';
import { pushRelease } from '../../../src/cli/push.js';
import type { HostStatus } from '../../../src/model/intent.js';
import type { Run, RunState } from '../../../src/model/run.js';
import type { Outcome, Phase, Report, Window } from '../../../src/model/window.js';
import { buildRelease } from '../../../src/release/build.js';
import { eventually } from '../../support/eventually.js';
import { ROOT, type RunningProcess, spawnCli, spawnNode } from '../../support/processes.js';
import { type TestStore, useStore } from '../../support/store.js';
import { tempDir } from '../../support/temp-dir.js';

export interface ProductOptions {
  /** Another Redis than that of this run. */
  redisUrl?: string;
  hosts?: number;
  workers?: number;
  env?: Record<string, string>;
}

/** Other than the build of this repository: the `main.js` of another copy. */
export interface Program {
  program?: string;
}

/** A running Slackwater: a server and hosts, each a process of its own, and a ledger that its jobs write outside Redis. */
export interface Product {
  readonly client: Client;
  readonly store: TestStore;
  /** Of its processes. */
  readonly env: Record<string, string>;
  readonly ledger: string;
  /** Where its hosts keep what they fetched. */
  readonly data: string;
  /** A file that jobs can wait for; it appears with `open()`. */
  signal(): { path: string; open(): void };
  server: RunningProcess;
  readonly hosts: RunningProcess[];
  startServer(copy?: Program): Promise<RunningProcess>;
  startHost(more?: Record<string, string>, copy?: Program): Promise<RunningProcess>;
  /** Builds and pushes one of `test/process/releases/`, or the jobs of any other folder. @returns its ID. */
  push(folder: string): Promise<string>;
  /** Opens a window now. */
  open(release: string, fields?: Record<string, unknown>): Promise<Window>;
  /** Pushes, opens a window, waits for its end, which must be `completed`. @returns the release. */
  deploy(folder: string): Promise<string>;
  /** Waits until the window is in this phase. */
  phase(window: string, phase: Phase, timeout?: number): Promise<Window>;
  /** Waits until the window is in this phase, or beyond it. */
  reached(window: string, phase: Phase): Promise<void>;
  ended(window: string, timeout?: number): Promise<Window>;
  /** The same, and fails with the whole story if it ended otherwise. */
  endedAs(window: string, outcome: Outcome, timeout?: number): Promise<Window>;
  report(window: string): Promise<Report>;
  /** Enqueues runs with these payloads; `ledger` is added. @returns their IDs. */
  enqueue(job: string, payloads: Record<string, unknown>[]): Promise<string[]>;
  run(id: string): Promise<Run>;
  runs(ids: string[]): Promise<Run[]>;
  /** Waits until all of them are in one of these states. */
  all(ids: string[], states: RunState[], timeout?: number): Promise<Run[]>;
}

let signals = 0;
const built = new Map<string, ReturnType<typeof buildRelease>>();

export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const store = useStore(options.redisUrl);
  const data = tempDir('product');
  const env = {
    ...store.env,
    SLACKWATER_DATA: data,
    SLACKWATER_WORKERS: String(options.workers ?? 2),
    SLACKWATER_LOCK_DURATION: '3s',
    SLACKWATER_KILL_AFTER: '500ms',
    ...options.env,
  };
  let client!: Client;
  let port = '0';
  const product = {
    store,
    env,
    data,
    ledger: path.join(mkdtempSync(path.join(data, 'ledger-')), 'effects.jsonl'),
    hosts: [] as RunningProcess[],
    signal() {
      const file = path.join(path.dirname(product.ledger), `signal-${++signals}`);
      return { path: file, open: () => writeFileSync(file, '') };
    },
    async startServer(copy: Program = {}) {
      product.server = start(['serve', '--port', port], env, copy);
      const [, url] = await product.server.line(/^ready (http:\S+)$/);
      // A server that takes over answers where the first one did.
      port = new URL(url!).port;
      client = createClient({ url: url! });
      return product.server;
    },
    async startHost(more: Record<string, string> = {}, copy: Program = {}) {
      const host = start(['host'], { ...env, ...more }, copy);
      product.hosts.push(host);
      await host.line(/^host \S+ ready$/);
      return host;
    },
    async push(folder: string) {
      if (!built.has(folder))
        built.set(
          folder,
          buildRelease({ jobs: path.resolve(`${ROOT}test/process/releases`, folder), app: 'ledger' }),
        );
      const { release } = await pushRelease(client, await built.get(folder)!);
      return release.id;
    },
    open: (release: string, fields: Record<string, unknown> = {}) =>
      client.post<Window>('/v1/windows', { release, reason: 'a test', ...fields }),
    async deploy(folder: string) {
      const release = await product.push(folder);
      await product.endedAs((await product.open(release)).id, 'completed');
      return release;
    },
    phase: (id: string, phase: Phase, timeout = 60_000) =>
      eventually(
        async () => {
          const window = await client.get<Window>(`/v1/windows/${id}`);
          if (window.phase !== phase) throw new Error(`phase ${window.phase}: ${window.summary}`);
          return window;
        },
        { timeout, every: 50, what: `${phase} of window ${id}` },
      ),
    async reached(id: string, phase: Phase) {
      const isThere = async () => {
        const { phases } = await client.get<Window>(`/v1/windows/${id}`);
        return phases.some(entry => entry.phase === phase);
      };
      await eventually(isThere, { every: 5, what: `${phase} of window ${id}` });
    },
    ended: (id: string, timeout = 60_000) =>
      eventually(
        async () => {
          const window = await client.get<Window>(`/v1/windows/${id}`);
          if (window.phase !== 'done')
            throw new Error(`phase ${window.phase}: ${JSON.stringify(window.hosts)}`);
          return window;
        },
        { timeout, every: 50, what: `the end of window ${id}` },
      ),
    async endedAs(id: string, outcome: Outcome, timeout?: number) {
      const window = await product.ended(id, timeout);
      if (window.outcome === outcome) return window;
      const { summary, phases, blockers, refusals } = window;
      throw new Error(
        `the window ended as ${window.outcome}, not ${outcome}: ${JSON.stringify({ summary, phases, blockers, refusals }, null, 1)}`,
      );
    },
    report: (id: string) => client.get<Report>(`/v1/windows/${id}/report`),
    async enqueue(job: string, payloads: Record<string, unknown>[]) {
      const body = payloads.map(payload => ({ payload: { ledger: product.ledger, ...payload } }));
      const { items } = await client.post<{ items: { id: string }[] }>(`/v1/jobs/${job}/runs/bulk`, body);
      return items.map(({ id }) => id);
    },
    run: (id: string) => client.get<Run>(`/v1/runs/${id}`),
    runs: (ids: string[]) => Promise.all(ids.map(id => product.run(id))),
    all: (ids: string[], states: RunState[], timeout = 60_000) =>
      eventually(
        async () => {
          const runs = await product.runs(ids);
          const others = runs.filter(run => !states.includes(run.state));
          if (others.length > 0)
            throw new Error(
              `${others.length} of ${ids.length} are not ${states}: ${JSON.stringify(others.slice(0, 2))}`,
            );
          return runs;
        },
        { timeout, every: 200, what: `${states} of ${ids.length} runs` },
      ),
  } as unknown as Product;
  Object.defineProperty(product, 'client', { get: () => client });
  await product.startServer();
  for (let i = 0; i < (options.hosts ?? 1); i++) await product.startHost();
  return product;
}

const start = (args: string[], env: Record<string, string>, { program }: Program): RunningProcess =>
  program === undefined ? spawnCli(args, { env }) : spawnNode([program, ...args], { env });

export const hostsOf = (product: Product): Promise<HostStatus[]> =>
  product.client.list<HostStatus>('/v1/hosts');

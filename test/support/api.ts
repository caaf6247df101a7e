import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { createApi } from '../../src/api/app.js';
import type { Api, ApiContext } from '../../src/api/context.js';
import { createEventFeed } from '../../src/api/event-feed.js';
import { createJobCatalog } from '../../src/api/job-catalog.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import type { JobManifest, Manifest, Release } from '../../src/model/release.js';
import type { WorkflowManifest } from '../../src/model/workflow.js';
import { createLogger } from '../../src/platform/logger.js';
import { createQueues } from '../../src/queue/queues.js';
import { onEnd } from './lifetime.js';
import { makeCurrent } from './sample-releases.js';
import { type TestStore, useStore } from './store.js';

export interface TestApi extends ApiContext {
  api: Api;
  store: TestStore;
  call(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Pushes a release of these jobs over the API and, unless told otherwise, makes it the current one. */
  release(
    jobs: Partial<JobManifest>[],
    options?: { app?: string; current?: boolean; workflows?: WorkflowManifest[] },
  ): Promise<Release>;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the answer is what the test is about
  json: any;
}

/** The API over a store of its own, without listening and without an engine. */
export async function useApi(
  config: {
    server?: Partial<Config['server']>;
    limits?: Partial<Config['limits']>;
    window?: Partial<Config['window']>;
  } = {},
): Promise<TestApi> {
  const store = useStore();
  const base = loadConfig({ env: {} });
  const queues = createQueues(store);
  const feed = createEventFeed(store);
  const context: ApiContext = {
    store,
    queues,
    feed,
    catalog: createJobCatalog(store),
    logger: createLogger('test', 'silent'),
    config: {
      ...base,
      server: { ...base.server, ...config.server },
      limits: { ...base.limits, ...config.limits },
      window: { ...base.window, ...config.window },
    },
  };
  const api = createApi(context);
  onEnd(async () => {
    await api.close();
    await feed.stop();
    await queues.close();
  });
  await feed.start();
  await api.ready();
  const call: TestApi['call'] = async (method, url, body, headers = {}) => {
    const response = await api.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    const text = response.body;
    const isJson = /json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    };
  };
  return {
    ...context,
    api,
    store,
    call,
    async release(jobs, { app = 'reporting', current = true, workflows = [] } = {}) {
      const { manifest, content } = manifestOf(app, jobs, workflows);
      const octets = { 'content-type': 'application/octet-stream' };
      await call('PUT', `/v1/blobs/${manifest.files[0]!.sha256}`, content, octets);
      const pushed = await call('POST', '/v1/releases', manifest);
      expect(pushed.status, pushed.text).toBe(201);
      if (current) await makeCurrent(store, pushed.json);
      return pushed.json;
    },
  };
}

export const sha256 = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');

export function manifestOf(
  app: string,
  jobs: Partial<JobManifest>[],
  workflows: WorkflowManifest[] = [],
): { manifest: Manifest; content: string } {
  const content = `export const modules = {}; // ${JSON.stringify([jobs, workflows])}`;
  return {
    content,
    manifest: {
      format: 1,
      app,
      entry: 'entry.mjs',
      files: [{ path: 'entry.mjs', sha256: sha256(content), bytes: Buffer.byteLength(content) }],
      jobs: jobs.map(job),
      workflows,
      schedules: [],
    },
  };
}

export const job = (fields: Partial<JobManifest>): JobManifest => ({
  name: 'flights.delays',
  queue: 'reports',
  payloadSchema: {
    type: 'object',
    properties: {
      file: { type: 'string' },
      day: { type: 'string', format: 'date' },
      limit: { type: 'integer', minimum: 1 },
    },
    required: ['file'],
    additionalProperties: false,
  },
  checkpointVersion: null,
  checkpointSchema: null,
  reads: [],
  writes: [],
  onRollback: 'repeat',
  attempts: 1,
  backoff: { type: 'fixed', delayMs: 0 },
  timeoutMs: null,
  concurrency: null,
  ...fields,
});

export function expectProblem(answer: Answer, status: number, type: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(String(answer.headers['content-type'])).toMatch(/^application\/problem\+json/);
  expect(answer.json).toMatchObject({
    type: `/problems/${type}`,
    status,
    title: expect.any(String),
    detail: expect.any(String),
  });
  expect(answer.json.detail.length).toBeGreaterThan(10);
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d/);
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { type TestApi, useApi } from '../support/api.js';

interface Operation {
  summary?: string;
  tags?: string[];
  responses: Record<string, { content?: Record<string, unknown> }>;
  parameters?: { in: string; name: string }[];
}

let t: TestApi;
// biome-ignore lint/suspicious/noExplicitAny: a document of others' shape
let document: any;

beforeAll(async () => {
  t = await useApi();
  document = (await t.call('GET', '/openapi.json')).json;
});

/** All `$ref`s of a document. */
function references(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : [];
  return [...own, ...Object.values(node).flatMap(references)];
}

const at = (pointer: string) =>
  pointer
    .slice(2)
    .split('/')
    .reduce((node, part) => node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);

/** Every schema of the document, compiled as JSON Schema 2020-12, which is what 3.1 says. */
function compile(schema: object) {
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', components: document.components });
  return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')));
}

describe('the OpenAPI document', () => {
  test('is one of version 3.1 whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Slackwater', version: expect.any(String) });
    for (const reference of references(document)) expect(at(reference), reference).toBeDefined();
  });

  test('has every route of the contract', () => {
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map(method => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual(
      [
        'POST /v1/jobs/{name}/runs',
        'GET /v1/schedules',
        'GET /v1/schedules/next',
        'GET /v1/schedules/fires',
        'GET /v1/schedules/{name}',
        'GET /v1/schedules/{name}/next',
        'GET /v1/schedules/{name}/fires',
        'POST /v1/schedules/{name}/pause',
        'POST /v1/schedules/{name}/resume',
        'POST /v1/schedules/{name}/fire',
        'POST /v1/schedules/{name}/backfill',
        'GET /v1/backfills',
        'GET /v1/backfills/{id}',
        'POST /v1/backfills/{id}/cancel',
        'POST /v1/jobs/{name}/runs/bulk',
        'GET /v1/jobs',
        'GET /v1/workflows',
        'GET /v1/workflows/{name}',
        'POST /v1/workflows/{name}/runs',
        'GET /v1/runs',
        'GET /v1/runs/{id}',
        'GET /v1/checkpoints',
        'GET /v1/runs/{id}/checkpoint',
        'GET /v1/runs/{id}/logs',
        'GET /v1/runs/{id}/parts',
        'POST /v1/runs/{id}/cancel',
        'POST /v1/runs/{id}/retry',
        'POST /v1/runs/{id}/resume',
        'POST /v1/runs/{id}/signals/{name}',
        'POST /v1/releases',
        'GET /v1/releases',
        'GET /v1/releases/{id}',
        'PUT /v1/blobs/{sha256}',
        'HEAD /v1/blobs/{sha256}',
        'GET /v1/blobs/{sha256}',
        'POST /v1/windows',
        'GET /v1/windows',
        'GET /v1/windows/{id}',
        'GET /v1/windows/{id}/report',
        'GET /v1/windows/{id}/events',
        'POST /v1/windows/{id}/start',
        'POST /v1/windows/{id}/extend',
        'POST /v1/windows/{id}/cancel',
        'POST /v1/windows/{id}/abort',
        'POST /v1/windows/{id}/approve',
        'POST /v1/windows/{id}/end',
        'GET /v1/holds',
        'POST /v1/holds',
        'DELETE /v1/holds/{id}',
        'GET /v1/freezes',
        'POST /v1/freezes',
        'DELETE /v1/freezes/{id}',
        'GET /v1/window-schedules',
        'POST /v1/window-schedules',
        'GET /v1/window-schedules/{id}',
        'DELETE /v1/window-schedules/{id}',
        'POST /v1/window-schedules/{id}/pause',
        'POST /v1/window-schedules/{id}/resume',
        'GET /v1/window-schedules/{id}/fires',
        'GET /v1/hosts',
        'GET /v1/queues',
        'PUT /v1/queues/{name}',
        'POST /v1/runs/retry',
        'POST /v1/runs/cancel',
        'GET /v1/events',
        'GET /healthz',
        'GET /readyz',
      ].sort(),
    );
  });

  test('every operation says what it is, what it answers, and how it fails', () => {
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries<Operation>(methods as never)) {
        const { summary, tags, responses, parameters = [] } = operation;
        expect(summary, `${method} ${path}`).toBeTruthy();
        expect(tags, `${method} ${path}`).toHaveLength(1);
        expect(
          Object.keys(responses).some(code => code.startsWith('2')),
          `${method} ${path}`,
        ).toBe(true);
        expect(responses['4XX']?.content?.['application/problem+json'], `${method} ${path}`).toBeDefined();
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]);
        const given = parameters.filter(p => p.in === 'path').map(p => p.name);
        expect(given.sort()).toEqual(named.sort());
      }
  });

  test('its schemas are valid, and refuse unknown fields in requests', () => {
    for (const methods of Object.values(document.paths))
      for (const operation of Object.values(methods as object)) {
        for (const [type, { schema }] of Object.entries<{ schema: object }>(
          operation.requestBody?.content ?? {},
        ))
          if (type === 'application/json') compile(schema);
        for (const response of Object.values<{ content?: object }>(operation.responses))
          for (const { schema } of Object.values<{ schema: object }>((response.content ?? {}) as never))
            compile(schema);
      }
    const body = document.paths['/v1/windows'].post.requestBody.content['application/json'].schema;
    const check = compile(body);
    expect(check({ release: 'a', reason: 'b', drainTimeout: '5m' })).toBe(true);
    expect(check({ release: 'a', reason: 'b', surprise: 1 })).toBe(false);
    // Each is compiled alone, a hundred in all.
  }, 180_000);

  test('answers are as it says', async () => {
    await t.release([{}]);
    const next = await t.release([{ attempts: 2 }], { current: false });
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const payload = { file: 'a' };
    const everything = {
      strategy: 'canary',
      canary: { steps: ['1%', 0.5] },
      hooks: [{ name: 'expand', when: 'before', command: ['true'] }],
      probes: [{ name: 'count', job: { name: 'flights.delays', payload } }],
      watch: {},
    };
    const requests: [method: string, route: string, url: string, body?: unknown][] = [
      ['post', '/v1/jobs/{name}/runs', '/v1/jobs/flights.delays/runs', { payload }],
      [
        'post',
        '/v1/jobs/{name}/runs/bulk',
        '/v1/jobs/flights.delays/runs/bulk',
        [{ payload }, { payload: {} }],
      ],
      ['get', '/v1/jobs', '/v1/jobs'],
      ['get', '/v1/runs', '/v1/runs'],
      ['get', '/v1/releases', '/v1/releases'],
      ['post', '/v1/windows', '/v1/windows', { release: next.id, reason: 'x', startsAt, ...everything }],
      ['post', '/v1/windows', '/v1/windows?dryRun=true', { release: next.id, reason: 'x' }],
      ['get', '/v1/windows', '/v1/windows'],
      ['post', '/v1/holds', '/v1/holds', { queues: ['reports'], reason: 'x', until: startsAt }],
      ['get', '/v1/queues', '/v1/queues'],
      ['get', '/v1/hosts', '/v1/hosts'],
      ['get', '/healthz', '/healthz'],
      ['get', '/readyz', '/readyz'],
    ];
    for (const [method, route, url, body] of requests) {
      const answer = await t.call(method.toUpperCase(), url, body);
      const said = document.paths[route][method].responses[answer.status];
      expect(said, `${method} ${url}: ${answer.status} ${answer.text}`).toBeDefined();
      const check = compile(said.content['application/json'].schema);
      check(answer.json);
      expect(check.errors, `${method} ${url}`).toBeNull();
    }
  });

  test('is shown at /docs, without asking anybody else', async () => {
    const page = await t.call('GET', '/docs/');
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'self'/);
    expect(page.text).not.toMatch(/https?:\/\/(?!127\.0\.0\.1|localhost)/);
    const script = await t.call('GET', '/docs/static/swagger-initializer.js');
    expect(script.text).toMatch(/"validatorUrl":null/);
  });
});

import { type AddressInfo, connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Release } from '../../src/model/release.js';
import { expectProblem, job, manifestOf, sha256, type TestApi, useApi } from '../support/api.js';

let t: TestApi;
let release: Release;

beforeAll(async () => {
  t = await useApi({ limits: { payloadBytes: 1_000, releaseBytes: 5_000 }, server: { bodyLimit: 20_000 } });
  release = await t.release([{}, { name: 'flights.carriers' }]);
  await t.release([{ name: 'invoices', queue: 'billing' }], { app: 'billing', current: false });
});

const runs = '/v1/jobs/flights.delays/runs';
const soon = () => new Date(Date.now() + 3_600_000).toISOString();
const windowOf = (fields: object) => ({ release: release.id, reason: 'a test', ...fields });
const octets = { 'content-type': 'application/octet-stream' };
const json = { 'content-type': 'application/json' };
const manifest = (change: object) => ({ ...manifestOf('reporting', [{}]).manifest, ...change });

/** Name, request, what it is answered with. */
type Case = [
  name: string,
  request: () => [method: string, url: string, body?: unknown, headers?: Record<string, string>],
  status: number,
  type: string,
  shows: RegExp,
];

const cases: Case[] = [
  ['malformed JSON', () => ['POST', runs, '{"payload":', json], 400, 'bad-request', /not valid JSON/],
  [
    'JSON with __proto__',
    () => ['POST', runs, '{"payload":{"__proto__":{"x":1}}}', json],
    400,
    'bad-request',
    /not valid JSON/,
  ],
  ['no body', () => ['POST', runs], 422, 'invalid-body', /a JSON body is needed/],
  ['an empty JSON body', () => ['POST', runs, '', json], 422, 'invalid-body', /a JSON body is needed/],
  ['a body that is no object', () => ['POST', runs, [1]], 422, 'invalid-body', /expected object/],
  [
    'another content type',
    () => ['POST', runs, 'payload=1', { 'content-type': 'application/x-www-form-urlencoded' }],
    415,
    'unsupported-media-type',
    /application\/json/,
  ],
  [
    'text',
    () => ['POST', runs, '{}', { 'content-type': 'text/plain' }],
    415,
    'unsupported-media-type',
    /application\/json/,
  ],
  [
    'a body too large',
    () => ['POST', runs, { payload: { file: 'x'.repeat(30_000) } }],
    413,
    'too-large',
    /bodyLimit/,
  ],
  ['an unknown path', () => ['GET', '/v1/runners'], 404, 'not-found', /nothing at \/v1\/runners/],
  ['a wrong method', () => ['PATCH', '/v1/windows'], 405, 'method-not-allowed', /use POST or GET/],
  [
    'a run where runs are listed',
    () => ['POST', '/v1/runs'],
    405,
    'method-not-allowed',
    /POST \/v1\/jobs\/\{name\}\/runs/,
  ],
  ['a bad percent escape', () => ['GET', '/v1/runs/%zz'], 400, 'bad-request', /percent-encode/],
  [
    'an unknown field',
    () => ['POST', runs, { payload: { file: 'a' }, prio: 3 }],
    422,
    'invalid-body',
    /\/prio is not known/,
  ],
  [
    'an unknown query parameter',
    () => ['GET', '/v1/runs?stat=queued'],
    400,
    'bad-request',
    /\/stat is not known/,
  ],
  [
    'a payload with a missing field',
    () => ['POST', runs, { payload: {} }],
    422,
    'invalid-payload',
    /\/payload\/file is missing/,
  ],
  ['a payload left out', () => ['POST', runs, {}], 422, 'invalid-payload', /\/payload\/file is missing/],
  [
    'a payload with a wrong type',
    () => ['POST', runs, { payload: { file: 1 } }],
    422,
    'invalid-payload',
    /\/payload\/file must be string/,
  ],
  [
    'a payload with an unknown field',
    () => ['POST', runs, { payload: { file: 'a', fil: 1 } }],
    422,
    'invalid-payload',
    /\/payload\/fil is not known to this job/,
  ],
  [
    'a payload of a wrong format',
    () => ['POST', runs, { payload: { file: 'a', day: 'today' } }],
    422,
    'invalid-payload',
    /\/payload\/day must match format "date"/,
  ],
  [
    'a payload that is too large',
    () => ['POST', runs, { payload: { file: 'x'.repeat(2_000) } }],
    413,
    'too-large',
    /limits\.payloadBytes/,
  ],
  [
    'a negative priority',
    () => ['POST', runs, { payload: { file: 'a' }, priority: -1 }],
    422,
    'invalid-body',
    /\/priority/,
  ],
  [
    'a delay that is none',
    () => ['POST', runs, { payload: { file: 'a' }, delay: 'soon' }],
    422,
    'invalid-body',
    /"soon" is not a duration: write/,
  ],
  [
    'an empty dedupeKey',
    () => ['POST', runs, { payload: { file: 'a' }, dedupeKey: '' }],
    422,
    'invalid-body',
    /\/dedupeKey/,
  ],
  [
    'a bad Idempotency-Key',
    () => ['POST', runs, { payload: { file: 'a' } }, { 'idempotency-key': 'a b' }],
    400,
    'bad-request',
    /visible ASCII/,
  ],
  [
    'an unknown job',
    () => ['POST', '/v1/jobs/flights.delay/runs', { payload: {} }],
    404,
    'not-found',
    /did you mean flights\.delays\?/,
  ],
  [
    'a job that is not deployed',
    () => ['POST', '/v1/jobs/invoices/runs', { payload: { file: 'a' } }],
    404,
    'not-found',
    /deploy it first/,
  ],
  ['an empty bulk', () => ['POST', `${runs}/bulk`, []], 422, 'invalid-body', /1/],
  [
    'a bulk that is no list',
    () => ['POST', `${runs}/bulk`, { payload: {} }],
    422,
    'invalid-body',
    /expected array/,
  ],
  [
    'a bulk with an unknown field',
    () => ['POST', `${runs}/bulk`, [{ payload: { file: 'a' } }, { pay: 1 }]],
    422,
    'invalid-body',
    /\/1\/pay is not known/,
  ],
  [
    'a bulk of which nothing fits',
    () => ['POST', `${runs}/bulk`, [{ payload: {} }, { payload: { file: 2 } }]],
    422,
    'invalid-payload',
    /none of the 2 payloads/,
  ],
  ['an unknown run', () => ['GET', '/v1/runs/run-none'], 404, 'not-found', /there is no run run-none/],
  [
    'a run named like a key of the queue',
    () => ['GET', '/v1/runs/reports~meta'],
    404,
    'not-found',
    /there is no run/,
  ],
  [
    'the cancelling of an unknown run',
    () => ['POST', '/v1/runs/run-none/cancel'],
    404,
    'not-found',
    /there is no run/,
  ],
  ['an unknown state', () => ['GET', '/v1/runs?state=asleep'], 400, 'bad-request', /"queued"/],
  ['a limit out of bounds', () => ['GET', '/v1/runs?limit=100000'], 400, 'bad-request', /1 to 500/],
  [
    'a cursor that is none',
    () => ['GET', '/v1/runs?cursor=abc'],
    400,
    'bad-request',
    /no cursor of this list/,
  ],
  ['a parameter given twice', () => ['GET', '/v1/runs?job=a&job=b'], 400, 'bad-request', /\/job/],
  [
    'an empty manifest',
    () => ['POST', '/v1/releases', {}],
    422,
    'invalid-manifest',
    /not a release manifest/,
  ],
  [
    'a manifest with an unknown field',
    () => ['POST', '/v1/releases', manifest({ extra: 1 })],
    422,
    'invalid-manifest',
    /extra/,
  ],
  [
    'a manifest whose entry is no file',
    () => ['POST', '/v1/releases', manifest({ entry: 'x.mjs' })],
    422,
    'invalid-manifest',
    /entry/,
  ],
  [
    'a manifest that leaves its folder',
    () => [
      'POST',
      '/v1/releases',
      manifest({ files: [{ path: 'a/../../b', sha256: sha256('a'), bytes: 1 }] }),
    ],
    422,
    'invalid-manifest',
    /stay inside/,
  ],
  [
    'a manifest with a bad schema',
    () => ['POST', '/v1/releases', manifest({ jobs: [job({ payloadSchema: { type: 'strin' } })] })],
    422,
    'invalid-manifest',
    /\/jobs\/0\/payloadSchema/,
  ],
  [
    'a manifest whose blobs are missing',
    () => [
      'POST',
      '/v1/releases',
      manifest({ files: [{ path: 'entry.mjs', sha256: sha256('none'), bytes: 4 }] }),
    ],
    422,
    'missing-blob',
    /PUT \/v1\/blobs/,
  ],
  [
    'a release that takes the queue of another app',
    () => {
      const { manifest, content } = manifestOf('thief', [{}]);
      return ['POST', '/v1/releases', { ...manifest, files: [{ ...manifest.files[0]!, ...known(content) }] }];
    },
    409,
    'conflict',
    /queue reports belongs to app reporting/,
  ],
  [
    'a blob of another digest',
    () => ['PUT', `/v1/blobs/${sha256('a')}`, 'b', octets],
    422,
    'digest-mismatch',
    /send the file again/,
  ],
  [
    'a blob without a digest',
    () => ['PUT', '/v1/blobs/abc', 'b', octets],
    400,
    'bad-request',
    /64 lower-case hex/,
  ],
  [
    'a blob as JSON',
    () => ['PUT', `/v1/blobs/${sha256('{}')}`, {}],
    415,
    'unsupported-media-type',
    /application\/octet-stream/,
  ],
  [
    'a blob too large',
    () => ['PUT', `/v1/blobs/${sha256('x'.repeat(6_000))}`, 'x'.repeat(6_000), octets],
    413,
    'too-large',
    /larger than|at most/,
  ],
  ['an unknown release', () => ['GET', '/v1/releases/aaaaaaaaaaaa'], 404, 'not-found', /no release/],
  [
    'a window without a reason',
    () => ['POST', '/v1/windows', { release: release.id }],
    422,
    'invalid-body',
    /\/reason is missing: say why, for the record/,
  ],
  [
    'a window with an empty reason',
    () => ['POST', '/v1/windows', windowOf({ reason: ' ' })],
    422,
    'invalid-body',
    /\/reason must not be empty: say why/,
  ],
  [
    'a window without a release',
    () => ['POST', '/v1/windows', { reason: 'x' }],
    422,
    'invalid-body',
    /\/release is missing: send the ID of the release/,
  ],
  [
    'a window of an unknown release',
    () => ['POST', '/v1/windows', windowOf({ release: 'aaaaaaaaaaaa' })],
    404,
    'not-found',
    /no release/,
  ],
  [
    'a window in the past',
    () => ['POST', '/v1/windows', windowOf({ release: release.id, startsAt: '2020-01-01T00:00:00Z' })],
    422,
    'invalid-body',
    /in the past \(.*; it is 2/,
  ],
  [
    'a window at a time without a zone',
    () => ['POST', '/v1/windows', windowOf({ startsAt: '2030-01-01T00:00:00' })],
    422,
    'invalid-body',
    /ISO 8601 with zone/,
  ],
  [
    'a window with a bad duration',
    () => ['POST', '/v1/windows', windowOf({ drainTimeout: '5 minutes' })],
    422,
    'invalid-body',
    /not a duration/,
  ],
  [
    'a window with an unknown choice',
    () => ['POST', '/v1/windows', windowOf({ onDrainTimeout: 'wait' })],
    422,
    'invalid-body',
    /\/onDrainTimeout/,
  ],
  [
    'a window with an unknown field',
    () => ['POST', '/v1/windows', windowOf({ when: 'now' })],
    422,
    'invalid-body',
    /\/when is not known/,
  ],
  [
    'a window to the current release',
    () => ['POST', '/v1/windows', windowOf({})],
    409,
    'conflict',
    /current already/,
  ],
  ['an unknown window', () => ['GET', '/v1/windows/win-none'], 404, 'not-found', /no window/],
  [
    'the start of an unknown window',
    () => ['POST', '/v1/windows/win-none/start'],
    404,
    'not-found',
    /no window/,
  ],
  [
    'a hold without an end',
    () => ['POST', '/v1/holds', { queues: ['reports'], reason: 'x' }],
    422,
    'invalid-body',
    /\/until/,
  ],
  [
    'a hold that has ended',
    () => ['POST', '/v1/holds', { queues: ['reports'], reason: 'x', until: '2020-01-01T00:00:00Z' }],
    400,
    'bad-request',
    /in the future/,
  ],
  [
    'a hold on nothing',
    () => ['POST', '/v1/holds', { reason: 'x', until: soon() }],
    422,
    'invalid-body',
    /queues, or an app/,
  ],
  [
    'a hold on an unknown queue',
    () => ['POST', '/v1/holds', { queues: ['report'], reason: 'x', until: soon() }],
    422,
    'invalid-body',
    /did you mean reports\?/,
  ],
  [
    'a hold on an unknown app',
    () => ['POST', '/v1/holds', { app: 'x-app', reason: 'x', until: soon() }],
    422,
    'invalid-body',
    /has no queues/,
  ],
  ['an unknown hold', () => ['DELETE', '/v1/holds/hold-none'], 404, 'not-found', /no hold/],
  [
    'a Last-Event-ID that is none',
    () => ['GET', '/v1/events', undefined, { 'last-event-id': 'x' }],
    400,
    'bad-request',
    /no event ID/,
  ],
  [
    'a foreign host name',
    () => ['GET', '/v1/runs', undefined, { host: 'evil.example' }],
    403,
    'forbidden',
    /127\.0\.0\.1/,
  ],
  [
    'a page of another origin',
    () => ['GET', '/v1/runs', undefined, { origin: 'https://evil.example' }],
    403,
    'forbidden',
    /no page of/,
  ],
];

// The content that the first release has put: a manifest of another app may name it.
function known(_: string) {
  const file = release as Release;
  return { sha256: file.files[0]!.sha256, bytes: file.files[0]!.bytes };
}

test.each<Record<string, string>>([{}, { 'idempotency-key': 'deep' }])(
  'a body of many levels is a problem, not a crash (%o)',
  async headers => {
    const levels = 500_000;
    const body = `{"payload":{"file":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    const answer = await t.call('POST', runs, body, { ...headers, 'content-type': 'application/json' });
    expect([413, 422]).toContain(answer.status);
    expectProblem(answer, answer.status, String(answer.json.type).split('/').at(-1)!);
  },
);

test('what is no HTTP is answered with a problem too', async () => {
  await t.api.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((t.api.server.address() as AddressInfo).port, '127.0.0.1');
  socket.end('GET /v1/runs HTTP/9\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toMatch(/application\/problem\+json/);
  expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ status: 400 });
});

describe('bad input is a problem that says what to change, and stores nothing', () => {
  test.each(cases)('%s', async (_, request, status, type, shows) => {
    const before = await snapshot();
    const answer = await t.call(...request());
    expectProblem(answer, status, type);
    expect(JSON.stringify(answer.json)).toMatch(new RegExp(shows.source.replaceAll('"', '\\\\?"')));
    expect(await snapshot()).toEqual(before);
  });

  test('each fault has its pointer', async () => {
    const body = { payload: { limit: 0, day: 'x' }, priority: 'high', extra: 1 };
    const shape = await t.call('POST', runs, body);
    expect(shape.json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/extra',
      '/priority',
    ]);
    const payload = await t.call('POST', runs, { payload: body.payload });
    expect(payload.json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/payload/day',
      '/payload/file',
      '/payload/limit',
    ]);
  });

  test('a wrong method is told which are right', async () => {
    const answer = await t.call('DELETE', '/v1/runs');
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toMatch(/GET/);
  });
});

/** Every key of this store, and how many events were told. */
async function snapshot(): Promise<unknown> {
  const { redis, namespace, queuePrefix, keys } = t.store;
  const names = [...(await redis.keys(`{${namespace}}:*`)), ...(await redis.keys(`${queuePrefix}:*`))];
  return { names: names.sort(), events: await redis.xlen(keys.events) };
}

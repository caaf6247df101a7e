import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Release } from '../../src/model/release.js';
import { listWindows } from '../../src/store/windows.js';
import { type Answer, expectProblem, type TestApi, useApi } from '../support/api.js';

const soon = () => new Date(Date.now() + 3_600_000).toISOString();

describe('what a window may hold', () => {
  let t: TestApi;
  let next: Release;

  beforeEach(async () => {
    t = await useApi();
    await t.release([{}]);
    next = await t.release([{ attempts: 3 }], { current: false });
  });

  const declare = (fields: object) =>
    t.call('POST', '/v1/windows', { release: next.id, reason: 'x', startsAt: soon(), ...fields });

  test('nothing is done that nobody asked for; times are those of the configuration', async () => {
    expect((await declare({})).json).toMatchObject({
      strategy: 'window',
      rolling: null,
      canary: null,
      hooks: [],
      probes: [],
      watch: null,
      tasks: [],
      announceMs: 600_000,
      requiresApproval: false,
      approvedBy: null,
      rollback: null,
      held: null,
    });
  });

  test('hooks, probes and a watch, with what is usual where it is left out', async () => {
    const answer = await declare({
      announce: '15m',
      requiresApproval: true,
      hooks: [
        { name: 'contract', when: 'after', job: { name: 'flights.delays', payload: { file: 'a' } } },
        { name: 'migrate', when: 'stopped', command: ['./migrate', ''], timeout: 'PT2M', attempts: 3 },
        {
          name: 'back',
          when: 'undo',
          http: { url: 'https://db/undo', method: 'POST', headers: { 'x-key': 'k' }, body: [1] },
          idempotent: true,
        },
      ],
      probes: [{ name: 'migrate', http: { url: 'http://127.0.0.1/ready', status: 204 } }],
      watch: { duration: '90s', maxFailureRate: 0.5 },
    });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({
      announceMs: 900_000,
      requiresApproval: true,
      hooks: [
        {
          name: 'contract',
          when: 'after',
          job: { name: 'flights.delays', payload: { file: 'a' } },
          timeoutMs: 60_000,
          attempts: 1,
          idempotent: false,
        },
        { name: 'migrate', command: ['./migrate', ''], timeoutMs: 120_000, attempts: 3 },
        { name: 'back', http: { url: 'https://db/undo', body: [1] }, idempotent: true },
      ],
      probes: [{ name: 'migrate', http: { status: 204 }, timeoutMs: 30_000 }],
      watch: { durationMs: 90_000, minRuns: 20, maxFailureRate: 0.5, maxCrashes: 3, maxParked: 0 },
    });
    const pending = { state: 'pending', attempt: 0, output: '', error: null, run: null };
    expect(answer.json.tasks).toMatchObject([
      { kind: 'hook', name: 'contract', when: 'after', ...pending },
      { kind: 'hook', name: 'migrate', when: 'stopped', ...pending },
      { kind: 'hook', name: 'back', when: 'undo', ...pending },
      { kind: 'probe', name: 'migrate', when: 'verify', ...pending },
    ]);
    expect((await t.call('GET', `/v1/windows/${answer.json.id}`)).json).toEqual(answer.json);
  });

  test('the strategies, with what is usual where only their name is given', async () => {
    const plans = [
      [{ strategy: 'rolling' }, { rolling: { batch: 1, pauseMs: 0 }, canary: null }],
      [
        { strategy: 'rolling', rolling: { batch: 2, pause: '10s' } },
        { rolling: { batch: 2, pauseMs: 10_000 } },
      ],
      [{ strategy: 'canary' }, { canary: { steps: [0.01, 0.1, 0.5], stepMs: 60_000 }, rolling: null }],
      [
        { strategy: 'canary', canary: { steps: ['2.5%', 0.25, '100%'], step: '5m' } },
        { canary: { steps: [0.025, 0.25, 1], stepMs: 300_000 } },
      ],
    ];
    for (const [i, [fields, kept]] of plans.entries()) {
      const startsAt = new Date(Date.now() + (i + 1) * 2 * 3_600_000).toISOString();
      expect((await declare({ ...fields, startsAt })).json).toMatchObject(kept!);
    }
  });

  test('the first window of an app cannot go over one by one', async () => {
    const first = await t.release([{ queue: 'bills' }], { app: 'billing', current: false });
    const answer = await declare({ release: first.id, strategy: 'rolling' });
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toMatch(/leave "strategy" out of its first window/);
    expect((await declare({ release: first.id })).status).toBe(201);
  });
});

describe('what does not fit is told by its pointer, and nothing is stored', () => {
  let t: TestApi;
  let next: Release;
  const hook = (fields: object) => ({ hooks: [{ name: 'a', when: 'before', command: ['true'], ...fields }] });
  const probe = (fields: object) => ({ probes: [{ name: 'a', ...fields }] });
  const job = (name: string, payload: unknown) => probe({ job: { name, payload } });
  const http = (fields: object) => probe({ http: { url: 'http://x/', ...fields } });

  beforeAll(async () => {
    t = await useApi({ limits: { payloadBytes: 1_000 } });
    await t.release([{}]);
    next = await t.release([{ attempts: 3 }], { current: false });
  });

  test.each<[fields: object, pointer: string, detail: RegExp]>([
    [{ strategy: 'big-bang' }, '/strategy', /window.*rolling.*canary/],
    [{ rolling: { batch: 2 } }, '/rolling', /set "strategy" to "rolling"/],
    [{ strategy: 'rolling', canary: {} }, '/canary', /for strategy canary/],
    [{ strategy: 'rolling', rolling: { batch: 0 } }, '/rolling/batch', />=1/],
    [{ strategy: 'rolling', rolling: { pause: 'soon' } }, '/rolling/pause', /not a duration/],
    [{ strategy: 'canary', canary: { steps: [] } }, '/canary/steps', />=1/],
    [{ strategy: 'canary', canary: { steps: [0] } }, '/canary/steps/0', /more than 0/],
    [{ strategy: 'canary', canary: { steps: [10] } }, '/canary/steps/0', /at most 1 \(or "100%"\)/],
    [{ strategy: 'canary', canary: { steps: ['ten'] } }, '/canary/steps/0', /0\.1 or "10%"/],
    [{ strategy: 'canary', canary: { steps: ['10%', 0.1] } }, '/canary/steps/1', /more than 10%.*rise/],
    [{ strategy: 'canary', canary: { step: '30m' } }, '/canary/step', /3 steps of 30m00s .*maxDuration/],
    [{ watch: { duration: '55m' } }, '/watch/duration', /10m00s of draining and 55m00s of watch/],
    [{ watch: { duration: 0 } }, '/watch/duration', /longer than 0/],
    [{ watch: { maxFailureRate: 20 } }, '/watch/maxFailureRate', /<=1/],
    [{ watch: { maxCrashs: 1 } }, '/watch/maxCrashs', /not known/],
    [{ drainTimeout: '2h' }, '/drainTimeout', /is longer than maxDuration/],
    [{ announce: -1 }, '/announce', /not a duration/],
    [{ requiresApproval: 'yes' }, '/requiresApproval', /boolean/],
    [{ hooks: [{}] }, '/hooks/0/when', /before.*stopped.*after.*undo/],
    [hook({ when: 'verify' }), '/hooks/0/when', /before.*stopped.*after.*undo/],
    [hook({ name: 'no spaces' }), '/hooks/0/name', /letters/],
    [hook({ http: { url: 'http://x/' } }), '/hooks/0', /exactly one .* command and http are there/],
    [hook({ command: undefined }), '/hooks/0', /exactly one .* none is there/],
    [hook({ command: [''] }), '/hooks/0/command', /begin with a program/],
    [hook({ command: 'true' }), '/hooks/0/command', /array/],
    [hook({ timeout: '0s' }), '/hooks/0/timeout', /longer than 0/],
    [hook({ attempts: 0 }), '/hooks/0/attempts', />=1/],
    [hook({ retry: 1 }), '/hooks/0/retry', /not known/],
    [{ strategy: 'rolling', ...hook({ when: 'stopped' }) }, '/hooks/0/when', /never stops; use "before"/],
    [{ hooks: [...hook({}).hooks, ...hook({}).hooks] }, '/hooks/1/name', /twice/],
    [probe({ when: 'verify', command: ['true'] }), '/probes/0/when', /not known/],
    [http({ url: 'ftp://x/' }), '/probes/0/http/url', /http\(s\)/],
    [http({ url: 'http://me:secret@x/' }), '/probes/0/http/url', /without user and password/],
    [http({ method: 'FETCH' }), '/probes/0/http/method', /GET/],
    [http({ status: 20 }), '/probes/0/http/status', />=100/],
    [http({ headers: { 'x-key': 'a\r\nb: c' } }), '/probes/0/http/headers/x-key', /one line/],
    [http({ headers: { 'x key': 'a' } }), '/probes/0/http/headers/x key', /name of a header/],
    [job('flights.delay', {}), '/probes/0/job/name', /no job "flights\.delay" .* it has flights\.delays/],
    [job('flights.delays', {}), '/probes/0/job/payload/file', /missing/],
    [job('flights.delays', { file: 'a', limit: 0 }), '/probes/0/job/payload/limit', />= 1/],
    [job('flights.delays', { file: 'x'.repeat(2_000) }), '/probes/0/job/payload', /limits\.payloadBytes/],
  ])('%j', async (fields, pointer, detail) => {
    for (const query of ['', '?dryRun=true']) {
      const answer = await t.call('POST', `/v1/windows${query}`, {
        release: next.id,
        reason: 'x',
        startsAt: soon(),
        ...fields,
      });
      expectProblem(answer, 422, 'invalid-body');
      expect(faultsOf(answer)[pointer], answer.text).toMatch(detail);
    }
    expect((await listWindows(t.store)).items).toEqual([]);
  });

  test('a command, where the server runs none', async () => {
    const strict = await useApi({ window: { commands: false } });
    await strict.release([{}]);
    const { id } = await strict.release([{ attempts: 3 }], { current: false });
    const answer = await strict.call('POST', '/v1/windows', {
      release: id,
      reason: 'x',
      ...hook({}),
      ...http({}),
    });
    expectProblem(answer, 422, 'invalid-body');
    expect(faultsOf(answer)).toEqual({
      '/hooks/0/command': expect.stringContaining('window.commands is false'),
    });
  });

  test('all faults are told at once', async () => {
    const answer = await t.call('POST', '/v1/windows', {
      release: next.id,
      reason: 'x',
      app: 'other',
      drainTimeout: '2h',
      ...hook({ command: undefined }),
      ...job('nothing', {}),
    });
    expect(Object.keys(faultsOf(answer))).toEqual([
      '/app',
      '/drainTimeout',
      '/hooks/0',
      '/probes/0/job/name',
    ]);
  });
});

const faultsOf = ({ json }: Answer): Record<string, string> =>
  Object.fromEntries(
    json.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail]),
  );

import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseEvent } from '../../src/cli/server-events.js';
import { appendEvent } from '../../src/store/events.js';
import { manifestOf, type TestApi, useApi } from '../support/api.js';
import { within } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';

let t: TestApi;
let url: string;

beforeEach(async () => {
  t = await useApi();
  await t.api.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(t.api.server.address() as AddressInfo).port}`;
});

interface Reader {
  next(): Promise<{ id: string | undefined; type: string; data: Record<string, unknown> }>;
  ended: Promise<void>;
}

/** Opens a stream; resolves when its head is there. */
async function open(path: string, headers: Record<string, string> = {}): Promise<Reader> {
  const abort = new AbortController();
  onEnd(() => abort.abort());
  const response = await fetch(url + path, { headers, signal: abort.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  // Locked at once: a body that nobody reads yet is cancelled with its response when that is collected.
  const events = blocks(response.body!.getReader());
  let end: () => void;
  const ended = new Promise<void>(resolve => {
    end = resolve;
  });
  return {
    ended,
    async next() {
      const { value, done } = await within(5_000, 'an event', events.next());
      if (done) end();
      return value!;
    },
  };
}

async function* blocks(reader: ReadableStreamDefaultReader<Uint8Array>) {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const parts = rest.split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const event = parseEvent(part);
      if (event) yield event;
    }
  }
}

describe('the stream of events', () => {
  test('gives what happens from now on, in order', async () => {
    await appendEvent(t.store, 'run.state', { run: 'before' });
    const stream = await open('/v1/events');
    for (const run of ['a', 'b', 'c']) await appendEvent(t.store, 'run.state', { run });
    for (const run of ['a', 'b', 'c'])
      expect(await stream.next()).toMatchObject({
        type: 'run.state',
        data: { type: 'run.state', run, at: expect.any(String) },
      });
  });

  test('goes on after Last-Event-ID without a gap or a repetition', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 1_200; i++) ids.push(await appendEvent(t.store, 'run.state', { n: i }));
    const stream = await open('/v1/events?after=0', { 'last-event-id': ids[99]! });
    const more = Array.from({ length: 50 }, (_, i) => appendEvent(t.store, 'run.state', { n: 1_200 + i }));
    for (let n = 100; n < 1_250; n++) expect((await stream.next()).data.n).toBe(n);
    await Promise.all(more);
  });

  test('repeats nothing that the client has from another server, where this one comes to it later', async () => {
    const { redis, keys } = t.store;
    const last = Date.now() + 60_000;
    const stream = await open('/v1/events', { 'last-event-id': `${last}-0` });
    await appendEvent(t.store, 'run.state', { n: 1 });
    await redis.xadd(keys.events, `${last}-1`, 'type', 'run.state', 'data', '{"n":2}');
    expect((await stream.next()).data.n).toBe(2);
  });

  test('holds only those of the app that is asked for', async () => {
    const stream = await open('/v1/events?app=billing');
    await appendEvent(t.store, 'run.state', { app: 'reporting', n: 1 });
    await appendEvent(t.store, 'run.state', { app: 'billing', n: 2 });
    expect((await stream.next()).data.n).toBe(2);
  });

  test('of a window begins with its beginning', async () => {
    await t.release([{}]);
    const next = await t.release([{ attempts: 2 }], { current: false });
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const { json } = await t.call('POST', '/v1/windows', { release: next.id, reason: 'x', startsAt });
    const stream = await open(`/v1/windows/${json.id}/events`);
    expect(await stream.next()).toMatchObject({
      type: 'window.phase',
      data: { window: json.id, phase: 'scheduled' },
    });
  });

  test('tells of a hold', async () => {
    await t.release([{}]);
    const stream = await open('/v1/events');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await t.call('POST', '/v1/holds', { queues: ['reports'], reason: 'x', until });
    expect((await stream.next()).type).toBe('hold.placed');
  });

  test('tells of a release once, when it is new', async () => {
    const stream = await open('/v1/events?app=reporting');
    const first = await t.release([{}]);
    const { manifest } = manifestOf('reporting', [{}]);
    expect((await t.call('POST', '/v1/releases', manifest)).status).toBe(200);
    const second = await t.release([{ attempts: 2 }]);
    for (const { id } of [first, second])
      expect(await stream.next()).toMatchObject({ type: 'release.pushed', data: { release: id } });
  });

  test('ends when the server stops', async () => {
    const stream = await open('/v1/events');
    const closed = t.api.close();
    expect(await stream.next()).toBeUndefined();
    await within(5_000, 'the end of the stream', stream.ended);
    await within(5_000, 'the stop of the server', closed);
  });
});

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '../../src/cli/client.js';
import { followWindow } from '../../src/cli/live/follow-window.js';
import { pushRelease } from '../../src/cli/push.js';
import { parseEvent, readEvents } from '../../src/cli/server-events.js';
import type { Manifest } from '../../src/model/release.js';

const servers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of servers.splice(0)) await stop();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  servers.push(async () => {
    server.closeAllConnections();
    await new Promise(done => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bodyOf = async (request: AsyncIterable<Buffer>): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
};

describe('an answer that is no success', () => {
  const cases = [
    { status: 409, type: '/problems/conflict', code: 'conflict', exit: 3 },
    { status: 422, type: '/problems/invalid-payload', code: 'invalid-payload', exit: 2 },
    { status: 404, type: 'about:blank', code: 'not-found', exit: 1 },
    { status: 418, type: 'about:blank', code: 'internal', exit: 1 },
  ];
  test.each(cases)(
    '$status $type is thrown as $code, exit code $exit',
    async ({ status, type, code, exit }) => {
      const url = await serve((_, response) => {
        const problem = {
          type,
          title: 't',
          status,
          detail: 'what to change',
          errors: [{ pointer: '/a', detail: 'b' }],
        };
        response
          .writeHead(status, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify(problem));
      });
      const failure = createClient({ url }).get('/v1/runs');
      await expect(failure).rejects.toMatchObject({
        name: 'SlackwaterError',
        code,
        exitCode: exit,
        message: 'what to change',
        errors: [{ pointer: '/a', detail: 'b' }],
      });
    },
  );

  const others = [
    {
      status: 502,
      body: '<html><head><title>502 Bad Gateway</title></head></html>',
      code: 'unavailable',
      says: /^GET http:\S+\/v1\/runs was answered 502 Bad Gateway \("502 Bad Gateway"\), and not by a Slackwater server: a proxy before it gets no answer/,
    },
    {
      status: 413,
      body: '<h1>Too\nbig</h1>',
      code: 'too-large',
      says: /413 .*\("Too big"\).*client_max_body_size/,
    },
    { status: 504, body: '{"message":"upstream"}', code: 'unavailable', says: /504 .*\("upstream"\)/ },
    { status: 403, body: '{"error":{"a":1}}', code: 'forbidden', says: /403 Forbidden, and not by.*sign in/ },
    { status: 404, body: '', code: 'not-found', says: /404 Not Found, and not by.*SLACKWATER_URL/ },
    {
      status: 200,
      body: '<title>Sign in</title>',
      code: 'bad-request',
      says: /200 OK \("Sign in"\).*SLACKWATER_URL/,
    },
  ];
  test.each(others)('$status of something else is told with URL and what to do', async other => {
    const url = await serve((_, response) => void response.writeHead(other.status).end(other.body));
    const failure = createClient({ url }).get('/v1/runs', { state: 'failed' });
    await expect(failure).rejects.toMatchObject({
      name: 'SlackwaterError',
      code: other.code,
      message: expect.stringMatching(other.says),
    });
  });

  test('of something to which we were sent on names that', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/v1/runs') response.writeHead(302, { location: '/login?to=runs' }).end();
      else response.end('<title>Sign in</title>');
    });
    await expect(createClient({ url }).get('/v1/runs')).rejects.toThrow(
      `GET ${url}/login (where we were sent on to) was answered 200 OK ("Sign in")`,
    );
  });

  test('none at all says how to start a server', async () => {
    const url = await serve(() => {});
    await servers.pop()!();
    await expect(createClient({ url }).get('/')).rejects.toThrow(
      `no answer from ${url} (ECONNREFUSED): start a server with "slackwater dev" or "slackwater serve", or set SLACKWATER_URL`,
    );
  });
});

test('every POST carries an idempotency key of its own; the token is sent', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers['idempotency-key'] as string, request.headers.authorization);
    response.end('{}');
  });
  const client = createClient({ url, token: 'sw_one,sw_two' });
  await client.post('/a', {});
  await client.post('/a', {});
  const [first, token, second] = seen;
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(second).not.toBe(first);
  expect(token).toBe('Bearer sw_one');
});

describe('a POST whose connection breaks', () => {
  test.each(['before the answer', 'within the answer'])('%s is said once more, with its key', async when => {
    const seen: [key: unknown, body: string][] = [];
    const url = await serve(async (request, response) => {
      seen.push([request.headers['idempotency-key'], await bodyOf(request)]);
      if (seen.length === 2) return void response.end('{"id":"r"}');
      if (when === 'before the answer') return void request.socket.destroy();
      response.writeHead(200, { 'content-length': 100 }).write('{', () => request.socket.destroy());
    });
    expect(await createClient({ url }).post('/a', { b: 1 })).toEqual({ id: 'r' });
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]![1]).toBe('{"b":1}');
  });

  test('is not said a third time', async () => {
    let calls = 0;
    const url = await serve(request => {
      calls += 1;
      request.socket.destroy();
    });
    await expect(createClient({ url }).post('/a')).rejects.toMatchObject({ code: 'unavailable' });
    expect(calls).toBe(2);
  });

  test('is not said again where no server was there, nor where it answered', async () => {
    let calls = 0;
    const url = await serve((_, response) => {
      calls += 1;
      response.writeHead(503).end();
    });
    await expect(createClient({ url }).post('/a')).rejects.toMatchObject({ code: 'unavailable' });
    expect(calls).toBe(1);
    await servers.pop()!();
    await expect(createClient({ url }).post('/a')).rejects.toThrow('ECONNREFUSED');
  });
});

test('a list follows its cursors up to the limit', async () => {
  const url = await serve((request, response) => {
    const at = Number(new URL(request.url!, 'http://x').searchParams.get('cursor') ?? 0);
    response.end(JSON.stringify({ items: [at, at + 1], nextCursor: at < 6 ? String(at + 2) : null }));
  });
  const client = createClient({ url });
  expect(await client.list('/v1/runs')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await client.list('/v1/runs', {}, 3)).toEqual([0, 1, 2]);
});

test('a push sends only the files that the server lacks', async () => {
  const stored = new Set(['aa']);
  const calls: string[] = [];
  const url = await serve(async (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    const body = await bodyOf(request);
    if (request.method === 'PUT') {
      stored.add(request.url!.split('/').at(-1)!);
      return void response.writeHead(201).end();
    }
    const { files } = JSON.parse(body) as Manifest;
    const errors = files.flatMap((file, i) =>
      stored.has(file.sha256) ? [] : { pointer: `/files/${i}/sha256`, detail: '' },
    );
    if (errors.length === 0) return void response.writeHead(201).end(JSON.stringify({ id: 'r' }));
    response
      .writeHead(422)
      .end(JSON.stringify({ type: '/problems/missing-blob', detail: 'missing', errors }));
  });
  const file = (path: string, sha256: string) => ({ path, sha256, bytes: 1 });
  const manifest = { files: [file('a', 'aa'), file('b', 'bb')] } as unknown as Manifest;
  const files = new Map([
    ['a', new Uint8Array(1)],
    ['b', new Uint8Array(1)],
  ]);
  const client = createClient({ url });
  expect(await pushRelease(client, { manifest, files })).toEqual({ release: { id: 'r' }, sent: 1 });
  expect(calls).toEqual(['POST /v1/releases', 'PUT /v1/blobs/bb', 'POST /v1/releases']);
  expect(await pushRelease(client, { manifest, files })).toMatchObject({ sent: 0 });
});

describe('server-sent events', () => {
  test('are read over chunk borders; comments and retry hints are passed over', async () => {
    const text =
      'retry: 1000\n\n: still here\n\nid: 5-1\nevent: run.state\ndata: {"run":"ä"}\n\nid: 5-2\ndata: {}\n\n';
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readEvents(body)) events.push(event);
    expect(events).toEqual([
      { id: '5-1', type: 'run.state', data: { run: 'ä' } },
      { id: '5-2', type: 'message', data: {} },
    ]);
  });

  test('may spread their data over lines', () => {
    expect(parseEvent('data: {"a":\r\ndata: 1}')).toEqual({ id: undefined, type: 'message', data: { a: 1 } });
  });
});

test('a window is followed by its events to its end', async () => {
  let phase = 'draining';
  let looks = 0;
  const url = await serve((request, response) => {
    if (!request.url!.endsWith('/events')) {
      looks += 1;
      return void response.end(JSON.stringify({ id: 'win-1', phase }));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    phase = 'done';
    response.write('id: 1-1\nevent: window.phase\ndata: {}\n\n');
  });
  const phases = [];
  for await (const { window } of followWindow(createClient({ url }), 'win-1', new AbortController().signal)) {
    phases.push(window.phase);
  }
  expect(phases[0]).toBe('draining');
  expect(phases.at(-1)).toBe('done');
  expect(looks).toBe(phases.length);
});

test('a server that goes away while a window is followed is waited for', async () => {
  let answers = 0;
  const url = await serve((request, response) => {
    if (request.url!.endsWith('/events')) return void response.destroy();
    answers += 1;
    if (answers === 2) return void request.socket.destroy();
    response.end(JSON.stringify({ id: 'win-1', phase: answers > 2 ? 'done' : 'draining' }));
  });
  const looks = [];
  for await (const look of followWindow(createClient({ url }), 'win-1', new AbortController().signal))
    looks.push(look);
  expect(looks.map(({ window, trouble }) => [window.phase, trouble !== null])).toEqual([
    ['draining', false],
    ['draining', true],
    ['done', false],
  ]);
});

import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Task, TaskAction } from '../../src/model/task.js';
import { callHttp } from '../../src/window/tasks/http.js';
import { GivenUp } from '../../src/window/tasks/try.js';
import { onEnd } from '../support/lifetime.js';
import { sampleTry } from '../support/sample-try.js';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server that lives as long as the test. @returns its URL, and what it was asked. */
async function listen(answer: RequestListener): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    seen.push({ method, url, headers, body });
    answer(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const call = (
  http: NonNullable<TaskAction['http']>,
  kind: Task['kind'] = 'hook',
  signal = new AbortController().signal,
) => callHttp(sampleTry({ http }, { kind }), signal);

describe('an HTTP call', () => {
  it('of a hook posts what it is about, and is done with any 2xx', async () => {
    const { url, seen } = await listen((_, response) => response.writeHead(202).end('accepted'));
    expect(await call({ url: `${url}/migrate` })).toEqual({ state: 'done', output: 'accepted', error: null });
    expect(seen).toMatchObject([{ method: 'POST', url: '/migrate' }]);
    expect(seen[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'win-1/hook:migrate',
    });
    expect(JSON.parse(seen[0]!.body)).toEqual({
      window: 'win-1',
      app: 'billing',
      release: 'new',
      previousRelease: 'old',
      hook: 'migrate',
      attempt: 1,
    });
  });

  it('of a probe gets, and sends what was declared otherwise', async () => {
    const { url, seen } = await listen((_, response) => response.end('ok'));
    expect(await call({ url, headers: { authorization: 'Bearer x' } }, 'probe')).toMatchObject({
      state: 'done',
    });
    await call({ url, method: 'PUT', body: { a: 1 } }, 'probe');
    expect(seen).toMatchObject([
      { method: 'GET', body: '', headers: { authorization: 'Bearer x' } },
      { method: 'PUT', body: '{"a":1}' },
    ]);
  });

  it('is done with the expected status only', async () => {
    const { url } = await listen((_, response) => response.writeHead(200).end('not yet'));
    expect(await call({ url, status: 204 })).toEqual({
      state: 'failed',
      output: 'not yet',
      error: 'answered 200 OK instead of 204',
    });
    expect(await call({ url, status: 200 })).toMatchObject({ state: 'done' });
  });

  it('that is answered with an error has failed, with the end of the answer', async () => {
    const { url } = await listen((_, response) => response.writeHead(503).end(`${'-'.repeat(9_000)}locked`));
    const result = await call({ url });
    expect(result).toMatchObject({ state: 'failed', error: 'answered 503 Service Unavailable' });
    expect(result!.output).toMatch(/-locked$/);
    expect(result!.output).toHaveLength(4_096);
  });

  it('that only reads follows a redirect; any other says where to go', async () => {
    const { url, seen } = await listen((request, response) => {
      if (request.url === '/new') response.end('here');
      else response.writeHead(302, { location: '/new' }).end();
    });
    expect(await call({ url }, 'probe')).toMatchObject({ state: 'done', output: 'here' });
    seen.length = 0;
    expect(await call({ url })).toMatchObject({
      state: 'failed',
      error: 'answered 302 Found to /new: a POST is not sent on, give that URL',
    });
    expect(await call({ url, status: 302 })).toMatchObject({ state: 'done' });
    expect(seen.map(each => each.url)).toEqual(['/', '/']);
  });

  it('that nobody takes has failed', async () => {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));
    const result = await call({ url: `http://127.0.0.1:${port}` });
    expect(result).toMatchObject({ state: 'failed', error: expect.stringContaining('ECONNREFUSED') });
  });

  it('that breaks off before its answer is lost: it may have been heard', async () => {
    const { url } = await listen((_, response) => response.destroy());
    expect(await call({ url })).toMatchObject({
      state: 'lost',
      error: expect.stringContaining(`${url} broke off: `),
    });
  });

  it('that is given up is lost', async () => {
    const giveUp = new AbortController();
    const { url } = await listen(() => {
      giveUp.abort(new GivenUp('timeout', 'it took longer than 1s'));
    });
    expect(await call({ url }, 'hook', giveUp.signal)).toEqual({
      state: 'lost',
      output: '',
      error: 'it took longer than 1s',
    });
  });
});

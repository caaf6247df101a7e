import { beforeAll, expect, test } from 'vitest';
import { theOne } from '../../src/store/schedules/schedules.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';

let t: TestApi;
const known: Record<string, string> = {};
const later = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

beforeAll(async () => {
  t = await useApi();
  await t.release([{}]);
  const release = await t.release([{ attempts: 3 }], { current: false });
  const add = async (url: string, body: object): Promise<string> => (await t.call('POST', url, body)).json.id;
  const why = { reason: 'a test' };
  known.release = release.id;
  known.window = await add('/v1/windows', { ...why, release: release.id, startsAt: later(5) });
  known.hold = await add('/v1/holds', { ...why, queues: ['reports'], until: later(1) });
  known.freeze = await add('/v1/freezes', { ...why, from: later(20), to: later(21) });
  known['window-schedule'] = await add('/v1/window-schedules', {
    ...why,
    app: release.app,
    cron: '0 3 * * *',
    timezone: 'UTC',
  });
});

/** With its last letter another. */
const mistyped = (id: string) => id.slice(0, -1) + (id.endsWith('a') ? 'b' : 'a');

test.each([
  ['GET', 'window', '/v1/windows/'],
  ['GET', 'release', '/v1/releases/'],
  ['DELETE', 'hold', '/v1/holds/'],
  ['DELETE', 'freeze', '/v1/freezes/'],
  ['DELETE', 'window-schedule', '/v1/window-schedules/'],
])('%s of a mistyped %s says which may have been meant', async (method, kind, path) => {
  const id = known[kind]!;
  const answer = await t.call(method, path + mistyped(id));
  expectProblem(answer, 404, 'not-found');
  expect(answer.json.detail).toMatch(new RegExp(`^there is no .*: did you mean ${id}\\?$`));
});

test('a mistyped queue says so too', async () => {
  const answer = await t.call('PUT', '/v1/queues/reprots', { concurrency: 1 });
  expect(answer.json.detail).toMatch(/^no release uses a queue "reprots": did you mean reports\?$/);
});

test('a name that is like none says where all are', async () => {
  expect((await t.call('GET', '/v1/windows/zzz')).json.detail).toBe(
    'there is no window zzz: see `slackwater window ls`',
  );
});

test('a mistyped schedule says which may have been meant, of all there are', () => {
  expect(() => theOne('nihgtly', [], undefined, ['nightly', 'hourly'])).toThrow(
    'there is no schedule nihgtly: did you mean nightly?',
  );
});

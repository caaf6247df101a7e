import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Hold } from '../../src/model/hold.js';
import type { WindowFire, WindowSchedule } from '../../src/model/window-schedule.js';
import { readIntent } from '../../src/store/intents.js';
import { redisNow } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const HOUR = 3_600_000;
const ITEMS = 12;

interface Clocks {
  product: Product;
  /** Lets the clock on the wall of these processes jump to so far from the right time, ms. */
  jump(by: { server?: number; hosts?: [number, number] }): void;
}

/** A server and two hosts, each with a clock of its own. */
async function withClocks(): Promise<Clocks> {
  const dir = tempDir('clock');
  const [server, first, second] = ['server', 'first', 'second'].map(name => path.join(dir, name)) as [
    string,
    string,
    string,
  ];
  const preload = pathToFileURL(`${ROOT}test/support/shifted-clock.mjs`);
  const env = { NODE_OPTIONS: `--import ${preload}`, SLACKWATER_HOST_ENV: 'NODE_OPTIONS,CLOCK_SHIFT' };
  const product = await startProduct({ hosts: 0, workers: 1, env: { ...env, CLOCK_SHIFT: server } });
  await product.startHost({ CLOCK_SHIFT: first });
  await product.startHost({ CLOCK_SHIFT: second });
  return {
    product,
    jump(by) {
      if (by.server !== undefined) writeFileSync(server, String(by.server));
      if (by.hosts)
        for (const [i, file] of [first, second].entries()) writeFileSync(file, String(by.hosts[i]));
    },
  };
}

const inHalfAnHour = async ({ store }: Product) =>
  new Date((await redisNow(store.redis)) + HOUR / 2).toISOString();

describe.each([
  ['an hour forward, and those of the hosts apart', HOUR, [-HOUR, HOUR]],
  ['an hour back, and those of the hosts forward', -HOUR, [HOUR, HOUR]],
] as [string, number, [number, number]][])('the clock of the server jumps %s', (_, server, hosts) => {
  test('in mid-window: it ends as it would have, and a hold of a person stands until its time', async () => {
    const { product, jump } = await withClocks();
    const v1 = await product.deploy('v1');
    const next = await product.push('v2');
    const hold = { queues: ['busy'], reason: 'a test', until: await inHalfAnHour(product) };
    const { id } = await product.client.post<Hold>('/v1/holds', hold);
    const go = product.signal();
    const ids = await product.enqueue(
      'ledger.steps',
      Array(20).fill({ items: ITEMS, everyMs: 400, until: go.path }),
    );
    await product.all(ids, ['running']);

    const opened = await product.open(next, { drainTimeout: '60s' });
    await product.reached(opened.id, 'draining');
    jump({ server, hosts });
    const window = await product.endedAs(opened.id, 'completed');
    expect(window.phases.every(({ ms }) => ms !== null && ms >= 0 && ms < 60_000)).toBe(true);

    // The next one begins with clocks that are wrong.
    await product.endedAs((await product.open(v1, { drainTimeout: '60s' })).id, 'completed');
    const holds = await product.client.list<Hold>('/v1/holds');
    expect(holds.map(hold => hold.id)).toEqual([id]);
    const queues = await product.client.list<{ name: string; paused: boolean }>('/v1/queues');
    expect(queues.filter(({ paused }) => paused).map(({ name }) => name)).toEqual(['busy']);

    go.open();
    const runs = await product.all(ids, ['completed']);
    expect(runs.every(run => run.attempt === 1 && run.result === ITEMS && run.release === v1)).toBe(true);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
  });

  test('while a recurring window fires: each fire has one fate, and none is left out', async () => {
    const { product, jump } = await withClocks();
    await product.deploy('v1');
    // A freeze keeps them from deploying: only their fates matter here.
    const freeze = {
      from: new Date(Date.now() - HOUR).toISOString(),
      to: new Date(Date.now() + 2 * HOUR).toISOString(),
    };
    await product.client.post('/v1/freezes', { ...freeze, reason: 'a test' });
    const { id } = await product.client.post<WindowSchedule>('/v1/window-schedules', {
      cron: '* * * * * *',
      timezone: 'UTC',
      reason: 'often',
      duration: '1s',
    });
    const fires = () => product.client.list<WindowFire>(`/v1/window-schedules/${id}/fires`);
    const moreThan = (n: number) => eventually(async () => (await fires()).length > n);
    await moreThan(2);
    jump({ server });
    await moreThan((await fires()).length + 2);
    jump({ server: 0 });
    await moreThan((await fires()).length + 2);

    const times = (await fires()).map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(times.length - 1).fill(1_000));
  });
});

test('with clocks an hour apart and every server dead, hosts open intake when the time of the window is over, and not before', async () => {
  const { product, jump } = await withClocks();
  const v1 = await product.deploy('v1');
  const next = await product.push('v2');
  const end = product.signal();
  const inTheWay = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  await product.all(inTheWay, ['running']);
  const opened = await product.open(next, { drainTimeout: '8s', maxDuration: '8s' });
  await product.reached(opened.id, 'draining');
  jump({ hosts: [HOUR, -HOUR] });
  product.server.kill('SIGKILL');
  await product.server.exit;

  const { redis } = product.store;
  const until = Date.parse((await readIntent(product.store, 'ledger'))!.until!);
  let closedAt = 0;
  await eventually(
    async () => {
      const intent = await readIntent(product.store, 'ledger');
      const now = await redisNow(redis);
      if (intent!.gate === 'closed') closedAt = now;
      return intent!.gate === 'open';
    },
    { what: 'an open gate' },
  );
  const openedAt = await redisNow(redis);
  expect(openedAt).toBeGreaterThanOrEqual(until);
  expect(closedAt).toBeGreaterThan(0);

  await product.startServer();
  const window = await product.endedAs(opened.id, 'aborted');
  end.open();
  expect(window.previousRelease).toBe(v1);
  expect((await product.all(inTheWay, ['completed']))[0]).toMatchObject({ attempt: 1, release: v1 });
  expect(await product.client.list('/v1/holds')).toEqual([]);
});

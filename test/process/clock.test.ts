import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import type { Hold } from '../../src/model/hold.js';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/processes.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, startProduct } from './support/product.js';

const HOUR = 3_600_000;
const ITEMS = 10;

test.each([
  { server: 'an hour ahead', shift: HOUR },
  { server: 'an hour behind', shift: -HOUR },
])('a server whose clock is $server, and hosts that differ by two: Redis has the time', async ({ shift }) => {
  const wrongBy = (ms: number) => ({
    NODE_OPTIONS: `--import=${pathToFileURL(`${ROOT}test/support/shift-clock.mjs`)}`,
    CLOCK_SHIFT_MS: String(ms),
  });
  const product = await startProduct({ workers: 1, env: wrongBy(shift) });
  await product.startHost(wrongBy(-shift));
  await product.deploy('v1');
  const go = product.signal();
  const payload = { items: ITEMS, everyMs: 30, until: go.path };
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: 20 }, () => payload),
  );
  await product.all(ids, ['running']);
  const release = await product.push('v2');

  // A window at a time, and a hold until one, are of the right time.
  const startsAt = new Date(Date.now() + 2_000).toISOString();
  const opened = await product.open(release, { startsAt });
  const window = await product.endedAs(opened.id, 'completed');
  const begun = window.phases.find(({ phase }) => phase === 'preparing')!.at;
  expect(Date.parse(begun) - Date.parse(startsAt)).toBeGreaterThanOrEqual(0);
  expect(Date.parse(begun) - Date.parse(startsAt)).toBeLessThan(HOUR / 2);
  const report = await product.report(opened.id);
  expect(report.downtimeMs).toBeGreaterThanOrEqual(0);
  expect(report.downtimeMs).toBeLessThan(HOUR / 2);

  const until = new Date(Date.now() + 3_000).toISOString();
  await product.client.post<Hold>('/v1/holds', { app: 'ledger', reason: 'a test', until });
  const [held] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
  expect((await product.run(held!)).state).toBe('queued');
  const [ran] = await product.all([held!], ['completed']);
  expect(Date.parse(ran!.startedAt!)).toBeGreaterThanOrEqual(Date.parse(until));

  go.open();
  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1 && run.release === release)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  const seen = (await hostsOf(product)).map(({ seenAt }) => Math.abs(Date.parse(seenAt) - Date.now()));
  expect(Math.max(...seen)).toBeLessThan(HOUR / 2);
  const windows = await product.client.list<Window>('/v1/windows');
  expect(windows[0]!.id).toBe(opened.id);
  await eventually(async () => (await product.client.list('/v1/holds')).length === 0);
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pushRelease } from '../../src/cli/push.js';
import type { Backfill } from '../../src/model/backfill.js';
import { buildRelease } from '../../src/release/build.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const NAME = 'ledger.nightly';
const PARTS = 4;
const NIGHTS = 24;

/** @param versions of its checkpoint, as an author writes them. @returns the ID of the release. */
async function push(product: Product, until: string, versions: string): Promise<string> {
  const jobs = join(tempDir('nightly'), 'jobs');
  mkdirSync(jobs);
  const from = JSON.stringify(`${ROOT}test/process/releases/_nightly.ts`);
  const code = `import { nightlyOf } from ${from};\nexport const nightly = nightlyOf(${JSON.stringify(product.ledger)}, ${JSON.stringify(until)}, ${versions});\n`;
  writeFileSync(join(jobs, 'jobs.ts'), code);
  return (await pushRelease(product.client, await buildRelease({ jobs, app: 'ledger' }))).release.id;
}

describe('a backfill with a deploy window in its middle, the leading server killed', () => {
  test('runs each night once, and goes on by itself', async () => {
    const product = await startProduct();
    const signal = product.signal();
    const first = await product.open(await push(product, signal.path, '{ version: 1 }'));
    await product.endedAs(first.id, 'completed');
    await eventually(async () => (await product.client.list('/v1/schedules')).length === 1, {
      what: 'the schedule',
    });
    const begun = await product.client.post<Backfill>(`/v1/schedules/${NAME}/backfill`, {
      from: '2026-01-01',
      to: '2026-01-24',
      concurrency: 3,
    });
    expect(begun.progress).toMatchObject({ total: NIGHTS, left: NIGHTS });
    const look = () => product.client.get<Backfill>(`/v1/backfills/${begun.id}`);
    await eventually(
      async () => {
        const { completed, running } = (await look()).progress;
        return completed === 8 && running === 3;
      },
      { what: 'the nights that wait' },
    );

    const window = await product.open(
      await push(product, signal.path, '{ version: 2, upgrade: { 1: old => old } }'),
    );
    await product.reached(window.id, 'draining');
    product.server.kill('SIGKILL');
    await product.server.exit;
    await product.startServer();
    await product.endedAs(window.id, 'completed');
    expect(await look()).toMatchObject({ state: 'running', progress: { running: 3, left: NIGHTS - 11 } });
    signal.open();

    const ended = await eventually(
      async () => {
        const seen = await look();
        return seen.state === 'completed' && seen;
      },
      { timeout: 60_000, what: 'the end of the backfill' },
    );
    expect(ended.progress).toMatchObject({
      total: NIGHTS,
      left: 0,
      running: 0,
      completed: NIGHTS,
      failed: 0,
      gone: 0,
    });
    const nights = Array.from({ length: NIGHTS }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i, 1, 30)));
    const ids = nights.map(night => `ledger.${NAME}.${night.toISOString().replaceAll(/[-:]|\.000/g, '')}`);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, PARTS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(effects).toHaveLength(NIGHTS * PARTS);
    expect(overlaps(effects)).toEqual([]);
    expect(new Set(effects.map(each => each.release)).size).toBe(2);
    const runs = await product.runs(ids);
    expect(runs.map(({ result }) => result)).toEqual(nights.map(night => night.toISOString()));
    // None of them again.
    const again = await product.client.post<Backfill>(`/v1/schedules/${NAME}/backfill`, {
      from: '2026-01-01',
      to: '2026-01-24',
    });
    expect(again).toMatchObject({
      state: 'completed',
      progress: { total: NIGHTS, alreadyRan: NIGHTS, left: 0 },
    });
  });
});

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { within } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { ROOT, type RunningProcess } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, type Product, type Program, startProduct } from './support/product.js';

const ITEMS = 30;
const NEXT = '99.0.0';
const PRESENT: string = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version;

/** The package once more, as the next version of it would be installed. */
function install(version: string): Program {
  const folder = path.join(tempDir('upgrade'), 'slackwater');
  mkdirSync(folder);
  cpSync(`${ROOT}dist`, path.join(folder, 'dist'), { recursive: true });
  symlinkSync(`${ROOT}node_modules`, path.join(folder, 'node_modules'));
  const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, version }));
  return { program: path.join(folder, 'dist/cli/main.js') };
}

/** Asks it to leave, and waits until it has, in good order. */
async function leave(one: RunningProcess): Promise<void> {
  one.kill('SIGTERM');
  expect((await within(60_000, 'its end', one.exit, () => shown(one))).code, shown(one)).toBe(0);
}

const versionsOf = async (product: Product) => (await hostsOf(product)).map(({ version }) => version).sort();

test('an upgrade of Slackwater itself is the drain of one host at a time: runs go on, and a window works between the versions', async () => {
  const product = await startProduct({ hosts: 2 });
  const next = install(NEXT);
  await product.deploy('v1');
  const go = product.signal();
  const payload = { items: ITEMS, everyMs: 10, until: go.path };
  const ids = await product.enqueue('ledger.steps', Array(40).fill(payload));
  const publishers = await product.enqueue('ledger.publisher', Array(4).fill(payload));
  await product.all([...ids, ...publishers], ['running']);
  const [first, second] = product.hosts as [RunningProcess, RunningProcess];

  await leave(product.server);
  await product.startServer(next);
  await leave(first);
  await product.startHost({}, next);
  expect(await versionsOf(product)).toEqual([PRESENT, NEXT]);

  const window = await product.open(await product.push('v2'));
  await product.endedAs(window.id, 'completed');
  const hosts = await hostsOf(product);
  expect(hosts.map(({ apps }) => apps.ledger?.release)).toEqual([window.release, window.release]);

  await leave(second);
  await product.startHost({}, next);
  expect(await versionsOf(product)).toEqual([NEXT, NEXT]);

  go.open();
  const runs = await product.all([...ids, ...publishers], ['completed']);
  expect(runs.every(({ attempt, release }) => attempt === 1 && release === window.release)).toBe(true);
  const effects = readLedger(product.ledger);
  const items = effects.filter(({ run }) => ids.includes(run));
  expect(account(items, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  for (const run of publishers)
    expect(effects.filter(effect => effect.run === run).map(({ item }) => item)).toEqual([1_000, 2_000]);
  expect(await product.client.list('/v1/holds')).toEqual([]);
});

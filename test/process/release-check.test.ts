import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../src/model/intent.js';
import { eventually } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { ROOT, runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const releases = `${ROOT}test/process/releases`;

function put(folder: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

/** A job named `ledger.steps` whose checkpoint is as given. */
const jobWith = (checkpoint: string) => `
  import { defineJob } from 'slackwater';
  import * as z from 'zod';
  export default defineJob({ name: 'ledger.steps', queue: 'steps', checkpoint: { ${checkpoint} }, run() {} });
`;
const VERSION_2 = `version: 2, schema: z.object({ next: z.int() }), upgrade: { 1: (old: any) => ({ next: old.done }) }`;

describe('against a server, with states of runs in flight', () => {
  async function inFlight(): Promise<{ product: Product; ids: string[]; url: string[] }> {
    const product = await startProduct({ workers: 1 });
    await product.deploy('v1');
    const until = product.signal().path;
    const payloads = Array.from({ length: 12 }, (_, i) => ({ items: 10 + 2 * i, everyMs: 5, until }));
    const ids = await product.enqueue('ledger.steps', payloads);
    await product.all(ids, ['running']);
    const saved = () => product.client.list('/v1/checkpoints');
    await eventually(async () => (await saved()).length === ids.length, { what: 'a state of each' });
    return { product, ids, url: ['--url', product.client.url, '--app', 'ledger'] };
  }
  const check = (...args: string[]) => runCli(['release', 'check', ...args]);

  test('a release that cannot read them is told at the desk: each named, its schema error shown, nothing disturbed', async () => {
    const { product, ids, url } = await inFlight();
    const refused = await check('--jobs', `${releases}/unreadable`, ...url);
    expect(refused.stdout, shown(refused)).toMatch(/^✗ cannot read 12 of 12 live states$/m);
    for (const id of ids) expect(refused.stdout).toContain(`ledger.steps  ${id}  version 1 → version 2`);
    expect(refused.stdout).toMatch(/at \/position\/next: Invalid input: expected number, received string/);
    expect(refused.stdout).toMatch(/let checkpoint\.upgrade\[1\] of ledger\.steps give/);
    expect(refused.code).toBe(1);

    const read = await check('--jobs', `${releases}/v2`, ...url);
    expect(read.stdout, shown(read)).toMatch(
      /^✓ reads all 12 live states and brings them back for release [0-9a-f]{12}$/m,
    );
    expect(read.code).toBe(0);

    const pushed = await product.push('unreadable');
    const byId = await check(pushed, '--url', product.client.url, '--json');
    expect(JSON.parse(byId.stdout)).toMatchObject({
      release: pushed,
      app: 'ledger',
      states: 12,
      live: 12,
      refused: 12,
      oneWay: [],
    });
    expect(JSON.parse(byId.stdout).refusals[0]).toMatchObject({
      job: 'ledger.steps',
      from: 1,
      to: 2,
      direction: 'up',
      path: '/position/next',
      at: null,
    });
    expect(byId.code).toBe(1);

    const [window] = await product.client.list<{ release: string }>('/v1/windows');
    expect(window!.release).not.toBe(pushed);
    expect(new Set(readLedger(product.ledger).map(({ fence }) => fence))).toEqual(new Set([1]));
  });

  test('the way back is read too: what a downgrade gives must be what the running release accepts', async () => {
    const { url } = await inFlight();
    const jobs = put(tempDir('jobs'), {
      'steps.ts': jobWith(`${VERSION_2}, downgrade: { 2: now => ({ done: String(now.next) }) }`),
    });
    const down = await check('--jobs', jobs, ...url);
    expect(down.stdout, shown(down)).toMatch(/cannot read 12 of 12 live states/);
    expect(down.stdout).toMatch(/version 1, on the way back\n\s+at \/done: .*expected number/);
    expect(down.code).toBe(1);
    put(jobs, { 'steps.ts': jobWith(VERSION_2) });
    const oneWay = await check('--jobs', jobs, ...url);
    expect(oneWay.stdout, shown(oneWay)).toMatch(/ledger\.steps has no way back/);
    expect(oneWay.code).toBe(0);
  });
});

test('of an older release it reads the way down, and says what the window says', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('back-2');
  const older = await product.push('back-1');
  const gates = [{ at: 1, file: product.signal().path }];
  const carried = ['no', 'throws', 'dies', 'misfits'].map(fails => ({ items: 2, gates, fails }));
  const ids = [
    ...(await product.enqueue('ledger.carried', carried)),
    ...(await product.enqueue('ledger.repeated', [{ items: 2, gates }])),
    ...(await product.enqueue('ledger.parked', [{ items: 2, gates }])),
  ];
  const saved = () => product.client.list('/v1/checkpoints');
  await eventually(async () => (await saved()).length === ids.length, { what: 'a state of each' });

  const exit = await runCli(['release', 'check', older, '--url', product.client.url, '--json']);
  const found = JSON.parse(exit.stdout);
  expect(found, shown(exit)).toMatchObject({ release: older, states: 6, refused: 3, oneWay: [] });
  expect(found.setBack).toEqual(
    expect.arrayContaining([
      { job: 'ledger.repeated', onRollback: 'repeat' },
      { job: 'ledger.parked', onRollback: 'park' },
    ]),
  );
  const window = await product.endedAs((await product.open(older)).id, 'refused');
  const told = (refusals: Refusal[]) =>
    refusals
      .map(({ run, from, to, direction, path }) => ({ run, from, to, direction, path }))
      .toSorted(byRun);
  expect(told(found.refusals)).toEqual(told(window.refusals));
  expect(exit.code).toBe(1);
});

const byRun = (a: { run: string }, b: { run: string }) => (a.run < b.run ? -1 : 1);

describe('without a server', () => {
  const state = (version: number, value: unknown, job = 'ledger.steps') =>
    `${JSON.stringify({ job, version, state: `=${JSON.stringify(value)}` })}\n`;
  const env = { SLACKWATER_URL: '' };

  test('the states beside the jobs are read, and those that cannot be are named by file and line', async () => {
    const upgrade = `upgrade: { 1: (old: any) => old.done === 13 ? process.exit(3) : { next: old.done } }`;
    const folder = put(tempDir('project'), {
      'jobs/steps.ts': jobWith(`version: 2, schema: z.object({ next: z.int() }), ${upgrade}`),
      'jobs/states/ledger.steps/v1.jsonl':
        state(1, { done: 1 }) + state(1, { done: '2' }) + state(1, { done: 13 }),
      'jobs/states/ledger.steps/v2.jsonl': state(2, { next: 1 }),
      'jobs/states/ledger.steps/v3.jsonl': state(3, { next: 1 }),
      'jobs/states/old/v1.jsonl': state(1, {}, 'old'),
    });
    const port = '1';
    const exit = await runCli(['release', 'check'], { cwd: folder, env });
    expect(exit.stdout, shown(exit)).toMatch(/^✗ cannot read 4 of 6 kept states$/m);
    const named = (place: string, why: RegExp) =>
      expect(exit.stdout).toMatch(new RegExp(`${place}.*\n\\s+${why.source}`));
    named('ledger.steps/v1.jsonl:2', /at \/next: .*expected number, received string/);
    named('ledger.steps/v1.jsonl:3', /the process that read it exited with code 3/);
    named('ledger.steps/v3.jsonl:1', /was saved by version 3, this code reads 1–2/);
    named('old/v1.jsonl:1', /job old is not in the new release/);
    expect(exit.stderr).toMatch(/only the states in jobs\/states are read/);
    expect(exit.code).toBe(1);

    const one = ['--checkpoints', 'jobs/states/ledger.steps/v2.jsonl', '--url', `http://127.0.0.1:${port}`];
    const good = await runCli(['release', 'check', ...one], { cwd: folder, env });
    expect(good.stdout, shown(good)).toMatch(/reads 1 kept state/);
    expect(good.code).toBe(0);
    const piped = await runCli(['release', 'check', '--checkpoints', '-', '--json'], {
      cwd: folder,
      env,
      input: state(1, { done: 5 }),
    });
    expect(JSON.parse(piped.stdout)).toMatchObject({ states: 1, kept: 1, refused: 0 });
  });

  test('what is no state is told with its line; a server that was named must answer', async () => {
    const folder = put(tempDir('project'), {
      'jobs/steps.ts': jobWith(VERSION_2),
      'jobs/states/a.jsonl': `${state(1, { done: 1 })}{"job":"ledger.steps"}\n`,
    });
    const broken = await runCli(['release', 'check'], { cwd: folder, env });
    expect(broken.stderr).toMatch(/jobs\/states\/a\.jsonl:2 is no saved state \(version /);
    expect(broken.code).toBe(2);
    const named = await runCli(['release', 'check', '--url', 'http://127.0.0.1:1'], { cwd: folder, env });
    expect(named.stderr).toMatch(/no answer from http:\/\/127\.0\.0\.1:1/);
    expect(named.code).toBe(1);
    const none = await runCli(['release', 'check', '--checkpoints', '/nowhere'], { cwd: folder, env });
    expect(none.stderr).toMatch(/cannot read \/nowhere \(ENOENT\)/);
    expect(none.code).toBe(2);
  });
});

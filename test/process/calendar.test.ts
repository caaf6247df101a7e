import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pushRelease } from '../../src/cli/push.js';
import type { Hold } from '../../src/model/hold.js';
import type { Window } from '../../src/model/window.js';
import type { WindowFire, WindowSchedule } from '../../src/model/window-schedule.js';
import { buildRelease } from '../../src/release/build.js';
import { eventually } from '../support/eventually.js';
import { runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { shownIn, wordsOf } from './support/doc-blocks.js';
import { type Product, startProduct } from './support/product.js';

const firesOf = async (product: Product, id: string): Promise<WindowFire[]> =>
  product.client.list<WindowFire>(`/v1/window-schedules/${id}/fires`);

describe('what no server saw', () => {
  test('is missed: a window at a time, and fires of a recurring one; then it goes on', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const release = await product.push('v2');
    const startsAt = Date.now() + 6_000;
    const window = await product.open(release, {
      startsAt: new Date(startsAt).toISOString(),
      drainTimeout: '500ms',
      maxDuration: '1s',
    });
    product.server.kill('SIGKILL');
    await product.server.exit;
    await eventually(() => Date.now() > startsAt + 1_000, { what: 'the end of its time' });
    await product.startServer();
    const missed = await product.endedAs(window.id, 'missed');
    expect(missed.summary).toMatch(/no server was there/);

    const fields = { cron: '*/2 * * * * *', timezone: 'UTC', reason: 'often', duration: '1s' };
    // A freeze keeps them from deploying: only their fates matter here.
    const freeze = { from: new Date().toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };
    await product.client.post('/v1/freezes', { ...freeze, reason: 'a test' });
    const { id } = await product.client.post<WindowSchedule>('/v1/window-schedules', fields);
    await eventually(async () => (await firesOf(product, id)).some(({ fate }) => fate === 'refused'));
    product.server.kill('SIGKILL');
    await product.server.exit;
    const from = Date.now();
    await eventually(() => Date.now() > from + 10_000, {
      what: 'five fires, of which one may still be in time',
    });
    await product.startServer();
    const fires = await eventually(
      async () => {
        const fires = await firesOf(product, id);
        const back = fires.findIndex(({ fate }) => fate === 'missed');
        return back > 0 && fires;
      },
      { what: 'fates of what was missed, and one after it' },
    );
    const times = fires.map(({ at }) => Date.parse(at));
    expect(fires.filter(({ fate }) => fate === 'missed').length).toBeGreaterThanOrEqual(3);
    // Each once, none left out.
    expect(times.slice(1).every((at, i) => times[i]! - at === 2_000)).toBe(true);
    expect(fires.every(({ fate }) => fate === 'missed' || fate === 'refused')).toBe(true);
  });
});

/** The jobs of another app, on a queue of its own. */
const jobs = (marker: string) => `
import { defineJob } from 'slackwater';
export default defineJob({ name: 'apart', queue: 'apart', run: () => '${marker}' });
`;

async function pushApart(product: Product, marker: string): Promise<string> {
  const folder = join(tempDir('apart'), 'jobs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'apart.ts'), jobs(marker));
  const { release } = await pushRelease(product.client, await buildRelease({ jobs: folder, app: 'apart' }));
  return release.id;
}

describe('two apps on the same hosts', () => {
  test('deploy apart at the same time: neither stops what is not its own', async () => {
    const product = await startProduct({ hosts: 2, workers: 1 });
    await product.deploy('v1');
    const first = await product.open(await pushApart(product, 'one'));
    await product.endedAs(first.id, 'completed');

    const end = product.signal();
    const slow = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all(slow, ['running']);
    const long = await product.open(await product.push('v2'));
    await product.phase(long.id, 'draining');

    const apart = await product.open(await pushApart(product, 'two'));
    const ended = await product.endedAs(apart.id, 'completed');
    expect(ended.queues).toEqual(['apart']);
    const run = await product.client.post<{ id: string }>('/v1/jobs/apart/runs', { payload: {} });
    const [done] = await product.all([run.id], ['completed']);
    expect(done).toMatchObject({ result: 'two', release: apart.release });

    // All that while the other has drained, and holds its own queues alone.
    expect(await product.client.get<Window>(`/v1/windows/${long.id}`)).toMatchObject({ phase: 'draining' });
    const holds = await product.client.list<Hold>('/v1/holds');
    expect(holds.map(({ owner }) => owner)).toEqual([`window:${long.id}`]);
    expect(holds[0]!.queues).not.toContain('apart');
    end.open();
    await product.endedAs(long.id, 'completed');
    await product.all(slow, ['completed']);
    expect(await product.client.list<Hold>('/v1/holds')).toEqual([]);
  });
});

test('a recurring window that is removed takes along what it had declared, and names it', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  await product.push('v2');
  const env = { SLACKWATER_URL: product.client.url };
  // Announced for longer than from one to the next: the next is declared at once.
  const fields = { cron: '30 2 * * *', timezone: 'UTC', reason: 'nightly', announce: '25h' };
  const { id } = await product.client.post<WindowSchedule>('/v1/window-schedules', fields);
  const fire = await eventually(async () => (await firesOf(product, id))[0], { what: 'its fire' });
  const { code, stdout, stderr } = await runCli(['window-schedule', 'rm', id], { env });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${id} removed\n` });
  expect(stderr).toContain(`${fire.window} is cancelled with it`);
  await product.endedAs(fire.window!, 'cancelled');
});

describe('docs/calendar.md', () => {
  test('shows commands that work', async () => {
    const product = await startProduct();
    const deployed = await product.open(await pushApart(product, 'one'));
    await product.endedAs(deployed.id, 'completed');
    // What the document names, and what it is here.
    const here = new Map([['3f2a1c09b7de', await pushApart(product, 'two')]]);
    const commands = shownIn('docs/calendar.md').filter(({ kind }) => kind === 'sh');
    expect(commands.length).toBeGreaterThan(8);
    for (const { text } of commands) {
      const [npx, slackwater, ...words] = wordsOf(text);
      expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
      const args = words.map(word => here.get(word) ?? here.get(word.slice(0, 4)) ?? word);
      const env = { SLACKWATER_URL: product.client.url };
      const { code, stdout, stderr } = await runCli(
        args.map(word => (word === 'flights' ? 'apart' : word)),
        { env },
      );
      expect(code, `${text}\n${stdout}${stderr}`).toBe(0);
      for (const [id] of stdout.matchAll(/^(frz|wsch)-\S+/gm)) here.set(id.slice(0, 4), id);
    }
  });
});

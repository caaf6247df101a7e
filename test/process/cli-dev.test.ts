import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { type RunningProcess, runCli, spawnCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';

/** A job that works until the file `gate` in its payload exists, and says which code ended it. */
const job = (by: string) => `
import { existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
export default defineJob({
  name: 'count',
  payload: z.object({ gate: z.string() }),
  checkpoint: { version: 1, schema: z.object({ steps: z.int(), began: z.string() }) },
  async run(ctx, { gate }) {
    const state = ctx.state ?? { steps: 0, began: '${by}' };
    while (!existsSync(gate)) {
      await ctx.sleep('10ms');
      state.steps += 1;
      await ctx.checkpoint(state);
      ctx.progress(state.steps);
    }
    return { began: state.began, ended: '${by}' };
  },
});
`;

interface Dev {
  process: RunningProcess;
  url: string;
  folder: string;
  save(content: string): void;
  cli(...args: string[]): ReturnType<typeof runCli>;
}

/** Starts \`dev\` on a folder with these jobs; \`url\` is known once it is ready. */
async function startDev(content: string, ready = /^ready (http:\/\/127\.0\.0\.1:\d+)$/): Promise<Dev> {
  const folder = tempDir('dev');
  mkdirSync(join(folder, 'jobs'));
  const save = (text: string) => writeFileSync(join(folder, 'jobs', 'count.ts'), text);
  save(content);
  const dev = spawnCli(['dev', '--port', '0', '--workers', '1'], { cwd: folder });
  const [, url = ''] = await dev.line(ready);
  const cli = (...args: string[]) => runCli(args, { cwd: folder, env: { SLACKWATER_URL: url } });
  return { process: dev, url, folder, save, cli };
}

const json = async <T>(exit: ReturnType<typeof runCli>): Promise<T> => JSON.parse((await exit).stdout) as T;

test('a saved file is deployed and a run in progress goes on in the new code; a syntax error pauses nothing', async () => {
  const dev = await startDev(job('one'));
  const gate = join(dev.folder, 'gate');
  const { id } = await json<Run>(dev.cli('run', 'count', '--payload', JSON.stringify({ gate }), '--json'));
  const show = () => json<Run>(dev.cli('runs', 'show', id, '--json'));
  await eventually(async () => (await show()).progress !== null, { what: 'progress of the run' });

  dev.save('export const broken = ;\n');
  await dev.process.line(/count\.ts:1:22/);
  await dev.process.line(/Nothing was paused/);
  expect((await show()).state).toBe('running');
  expect((await json<{ items: Window[] }>(dev.cli('window', 'ls', '--json'))).items).toHaveLength(1);

  dev.save(job('one'));
  await dev.process.line(/✓ unchanged: release [0-9a-f]{12} runs already/);

  dev.save(job('two'));
  await dev.process.line(/release [0-9a-f]{12} runs: 1 run went on in the new code/);
  writeFileSync(gate, '');
  const run = await eventually(async () => {
    const found = await show();
    return found.state === 'completed' && found;
  });
  expect(run.result).toEqual({ began: 'one', ended: 'two' });
  expect(run.attempt).toBe(1);

  dev.process.kill('SIGTERM');
  const exit = await dev.process.exit;
  expect(exit.code).toBe(0);
  expect(exit.stdout).toBe(`ready ${dev.url}\n`);
});

test('an error at the first build is shown with the server that waits, and its repair makes dev ready', async () => {
  const dev = await startDev('export const broken = ;\n', /^server http.* is up: ready once a release from /);
  expect(dev.process.stdout).toBe('');
  expect(dev.process.stderr).not.toContain('Nothing was paused');
  dev.save(job('one'));
  await dev.process.line(/^ready http/);
  dev.process.kill('SIGINT');
  expect((await dev.process.exit).code).toBe(0);
});

test('a folder that is not there yet is waited for, by its whole path', async () => {
  const folder = tempDir('dev');
  const dev = spawnCli(['dev', '--port', '0', '--workers', '1'], { cwd: folder });
  await dev.line(/^server http:\/\/127\.0\.0\.1:\d+ is up/);
  expect(dev.stderr).toContain(`there is no folder ${join(realpathSync(folder), 'jobs')}`);
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs', 'count.ts'), job('one'));
  await dev.line(/^ready http/);
  dev.kill('SIGINT');
  expect((await dev.exit).code).toBe(0);
});

test('a release that cannot read a live state is refused with its reason, and dev goes on; killed, it leaves nothing', async () => {
  const dev = await startDev(job('one'));
  const gate = join(dev.folder, 'gate');
  const { id } = await json<Run>(dev.cli('run', 'count', '--payload', JSON.stringify({ gate }), '--json'));
  const show = () => json<Run>(dev.cli('runs', 'show', id, '--json'));
  await eventually(async () => (await show()).checkpoint !== null, { what: 'a checkpoint of the run' });
  dev.save(job('two').replace('began: z.string()', 'began: z.number()'));
  await dev.process.line(/✗ release [0-9a-f]{12} refused/);
  await dev.process.line(/at \/began: /);
  dev.save(job('three'));
  await dev.process.line(/release [0-9a-f]{12} runs: 1 run went on/);
  writeFileSync(gate, '');
  await eventually(async () => (await show()).state === 'completed');
  expect((await show()).result).toEqual({ began: 'one', ended: 'three' });

  // Killed without a chance to stop anything: host, workers and Redis end by themselves (the harness looks for them).
  dev.process.kill('SIGKILL');
  await dev.process.exit;
});

test('data outlives dev; a second dev on the same folder, or on the same port, says what to change', async () => {
  const dev = await startDev(job('one'));
  const same = await runCli(['dev', '--port', '0'], { cwd: dev.folder });
  expect(same.stderr).toMatch(/is in use: process \d+ .* choose another data folder \(--data\)/);
  expect(same.code).toBe(1);
  const port = new URL(dev.url).port;
  const taken = await runCli(['dev', '--port', port, '--data', 'other'], { cwd: dev.folder });
  expect(taken.stderr).toMatch(new RegExp(`port ${port} is taken .*slackwater dev --port`));
  expect(taken.code).toBe(2);

  dev.process.kill('SIGTERM');
  await dev.process.exit;
  const again = spawnCli(['dev', '--port', '0', '--workers', '1'], { cwd: dev.folder });
  const [, url = ''] = await again.line(/^ready (http.*)$/);
  const { items } = await json<{ items: Window[] }>(
    runCli(['window', 'ls', '--json'], { env: { SLACKWATER_URL: url } }),
  );
  expect(items).toHaveLength(1);
  again.kill('SIGTERM');
  expect((await again.exit).code).toBe(0);
  rmSync(join(dev.folder, '.slackwater'), { recursive: true });
});

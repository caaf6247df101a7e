import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildRelease } from '../../src/release/build.js';
import { shown } from '../support/process-output.js';
import { ROOT, runCli } from '../support/processes.js';

const STATES = `${ROOT}jobs/states`;

/** What CI asks of every build: the states that runs of older code left in `jobs/states` must be read by this one. */
test.each(['jobs', 'demo/releases/v2'])('the jobs in %s read every state that was kept', async jobs => {
  const args = ['release', 'check', '--jobs', jobs, '--checkpoints', STATES, '--json'];
  const exit = await runCli(args);
  expect(exit.code, shown(exit)).toBe(0);
  const found = JSON.parse(exit.stdout);
  expect(found).toMatchObject({ live: 0, refused: 0, refusals: [] });
  expect(found.kept).toBeGreaterThan(10);
});

test('a release that dropped the upgrade is told of each of them', async () => {
  const args = ['release', 'check', '--jobs', 'demo/releases/broken', '--checkpoints', STATES];
  const exit = await runCli(args);
  expect(exit.code, shown(exit)).toBe(1);
  expect(exit.stdout).toMatch(/cannot read \d+ of \d+ kept states/);
  expect(exit.stdout).toMatch(/flights\.delays.* {2}jobs\/states\/flights\.delays\/v1\.jsonl:1 {2}version 1/);
});

test('states are kept of every version that the example jobs read', async () => {
  const { manifest } = await buildRelease({ jobs: `${ROOT}jobs` });
  const wanted = manifest.jobs.flatMap(({ name, reads }) =>
    reads.map(version => `${name}/v${version}.jsonl`),
  );
  expect(wanted).not.toEqual([]);
  expect(wanted.filter(file => !existsSync(`${STATES}/${file}`))).toEqual([]);
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pushRelease } from '../../src/cli/push.js';
import { buildRelease } from '../../src/release/build.js';
import { codeIn } from '../support/doc-code.js';
import { eventually } from '../support/eventually.js';
import { runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { shownIn, wordsOf } from './support/doc-blocks.js';
import { startProduct } from './support/product.js';

describe('docs/schedules.md', () => {
  test('shows a job that runs by itself, and commands that work', async () => {
    const product = await startProduct();
    const jobs = join(tempDir('schedules'), 'jobs');
    mkdirSync(jobs);
    const [code] = codeIn('docs/schedules.md');
    writeFileSync(join(jobs, 'delays.ts'), code!.text);
    const { release } = await pushRelease(product.client, await buildRelease({ jobs, app: 'reporting' }));
    await product.endedAs((await product.open(release.id)).id, 'completed');
    await eventually(async () => (await product.client.list('/v1/schedules')).length === 1);

    // So that a backfill is still on when it is cancelled.
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await product.client.post('/v1/holds', { queues: ['default'], reason: 'a test', until });

    const commands = shownIn('docs/schedules.md').filter(({ kind }) => kind === 'sh');
    expect(commands.length).toBeGreaterThan(12);
    let backfill = '';
    for (const { text } of commands) {
      const [npx, slackwater, ...words] = wordsOf(text);
      expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
      const args = words.map(word => (word.startsWith('bf-') ? backfill : word));
      const { code, stdout, stderr } = await runCli(args, { env: { SLACKWATER_URL: product.client.url } });
      expect(code, `${text}\n${stdout}${stderr}`).toBe(0);
      backfill = /\bbf-\S+/.exec(stdout)?.[0] ?? backfill;
    }
    expect(backfill).not.toBe('');
  });
});

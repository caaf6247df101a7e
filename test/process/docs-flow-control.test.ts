import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pushRelease } from '../../src/cli/push.js';
import { buildRelease } from '../../src/release/build.js';
import { codeIn } from '../support/doc-code.js';
import { ROOT, runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { commandsIn, wordsOf } from './support/doc-blocks.js';
import { type Product, startProduct } from './support/product.js';

const document = readFileSync(`${ROOT}docs/flow-control.md`, 'utf8');
const sections = document
  .split(/^## /m)
  .map(text => ({ title: text.split('\n', 1)[0]!, commands: commandsIn(text) }))
  .filter(({ commands }) => commands.length > 0);

let product: Product;
beforeAll(async () => {
  product = await startProduct({ workers: 1 });
  const jobs = join(tempDir('docs-flow'), 'jobs');
  mkdirSync(jobs);
  for (const { path, text } of codeIn('docs/flow-control.md'))
    writeFileSync(join(jobs, path!.replace('jobs/', '')), text);
  const { release } = await pushRelease(product.client, await buildRelease({ jobs, app: 'billing' }));
  await product.endedAs((await product.open(release.id)).id, 'completed');
});

describe('docs/flow-control.md shows commands that work', () => {
  test.each(sections)('$title', async ({ title, commands }) => {
    if (title === 'What went wrong') {
      const { redis, keys } = product.store;
      const asked = { payload: { customer: { id: 'c' }, invoice: 9 } };
      const { id } = await product.client.post<{ id: string }>('/v1/jobs/invoice.send/runs', asked);
      await product.all([id], ['completed']);
      // As it would stand there had it failed.
      await redis.zrem(keys.job('default', 'completed'), id);
      await redis.zadd(keys.job('default', 'failed'), Date.now(), id);
      await redis.hset(keys.job('default', id), 'failedReason', 'the bank is closed');
      await product.client.post('/v1/jobs/invoice.send/runs', { ...asked, delay: '1h' });
    }
    for (const command of commands) {
      const [npx, slackwater, ...args] = wordsOf(command);
      expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
      const { code, stdout, stderr } = await runCli(args, { env: { SLACKWATER_URL: product.client.url } });
      expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
      if (/runs ls --state failed/.test(command)) expect(stdout).toContain('the bank is closed');
      if (/queues set default --concurrency 50/.test(command))
        expect(stdout).toContain('50 at once, 1000 in 1m00s');
    }
  });
});

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { redisServer } from '../support/redis-servers.js';
import { account, readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

const binary = found('valkey-server');
if (!binary) console.warn('SKIPPED: the test over Valkey needs valkey-server on the PATH');

test.skipIf(!binary)(
  'over Valkey, a window moves the runs in flight, and commits reach its disk',
  async () => {
    const valkey = await redisServer({ appendfsync: 'everysec' }, binary);
    const env = { SLACKWATER_REDIS_DURABILITY: 'wait' };
    const product = await startProduct({ redisUrl: valkey.url, workers: 1, env });
    await product.deploy('v1');
    const [committing] = await product.enqueue('ledger.deaf', [{ forMs: 1 }]);
    await product.all([committing!], ['completed']);
    expect(await valkey.redis.info('commandstats')).toMatch(/cmdstat_waitaof:calls=[1-9]/);
    const go = product.signal();
    const payload = { items: 10, everyMs: 20, until: go.path };
    const ids = await product.enqueue(
      'ledger.steps',
      Array.from({ length: 20 }, () => payload),
    );
    await product.all(ids, ['running']);
    const release = await product.deploy('v2');
    go.open();
    const runs = await product.all(ids, ['completed']);
    expect(runs.every(run => run.attempt === 1 && run.release === release)).toBe(true);
    expect(account(readLedger(product.ledger), ids, 10)).toEqual({ repeated: [], lost: [], retried: [] });
  },
);

function found(program: string): string | undefined {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

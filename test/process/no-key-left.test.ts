import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Product, startProduct } from './support/product.js';

const ROUNDS = 8;
/** Windows of an app that are kept once they have ended; the product keeps more than a test can wait for. */
const KEPT = 1_000;
/** Of these so many are this test's own. */
const OWN = 2;

/** Runs of one round that may have ended since the last was removed. */
const AT_ONCE = 20;
const DAY_MS = 24 * 3_600_000;

const command = ['true'];
const hook = (when: string) => ({ name: when, when, command });
const kinds = (product: Product) => [
  {
    hooks: [
      hook('before'),
      {
        name: 'migrate',
        when: 'stopped',
        job: { name: 'ledger.steps', payload: { ledger: product.ledger, items: 1, everyMs: 1 } },
      },
      hook('after'),
      hook('undo'),
    ],
    probes: [{ name: 'works', command }],
  },
  { strategy: 'rolling', probes: [{ name: 'works', command }] },
  { strategy: 'canary', canary: { steps: [0.5], step: '50ms' }, watch: { duration: '50ms', minRuns: 0 } },
  { probes: [{ name: 'fails', command: ['false'] }] },
];

/** What goes by itself, at the latest so long after the last that was written to it, ms. */
const PASSING = new Map([
  ['bull:QUEUE:stalled-check', 60_000],
  ['bull:QUEUE:RUN:sw', 7 * DAY_MS],
  ['sw:host:ID', 60_000],
  ['sw:task:…', DAY_MS],
  ['sw:idempotency:…', DAY_MS],
  ['sw:record:…', 30 * DAY_MS],
]);
/** Runs that have ended are removed by the next one of their queue that ends. */
const RUNS = 'bull:QUEUE:RUN';

test('windows of every strategy, their hooks and their runs leave no key that stays for good', {
  timeout: 240_000,
}, async () => {
  const product = await startProduct({ workers: 1, env: { SLACKWATER_RETENTION_COMPLETED: '1s' } });
  const { redis, keys } = product.store;
  const releases = [await product.deploy('v1'), await product.push('v2')];
  // Newer than all that end here: of the test's own the last few are kept.
  const later = Date.now() + 3_600_000;
  const filler = Array.from({ length: KEPT - OWN }, (_, i) => [later, `win-filler-${i}`]).flat();
  await redis.zadd(keys.endedWindows('ledger'), ...filler);

  const rounds: Map<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const fields of kinds(product)) {
      const current = (await product.client.list<{ release: string }>('/v1/jobs'))[0]!.release;
      const runs = await product.enqueue('ledger.steps', Array(3).fill({ items: 3, everyMs: 20 }));
      const { id } = await product.open(releases.find(release => release !== current)!, fields);
      await product.ended(id);
      await product.all(runs, ['completed']);
    }
    rounds.push(await settled(product));
  }
  expect(rounds.every(forms => (forms.get(RUNS) ?? 0) <= AT_ONCE)).toBe(true);
  // All forms are there after the second round, once each release has run.
  const [before, after] = [rounds[1]!, rounds.at(-1)!].map(forms =>
    Object.fromEntries([...forms].filter(([form]) => form !== RUNS)),
  );
  expect(after).toEqual(before);
  expect(after).toMatchObject({ 'sw:window:ID': OWN, 'sw:report:ID': OWN });
});

/** As `staying`, when what belongs to runs that have just ended is tidied away too. */
const settled = (product: Product) =>
  eventually(async () => {
    const forms = await staying(product);
    return !forms.has('bull:QUEUE:RUN:sw') && forms;
  });

/** How many keys there are of each form, but for those that go by themselves. */
async function staying({ store }: Product): Promise<Map<string, number>> {
  const { redis, namespace, queuePrefix } = store;
  const forms = new Map<string, number>();
  for (const name of [...(await redis.keys(`{${namespace}}:*`)), ...(await redis.keys(`${queuePrefix}:*`))]) {
    const form = formOf(name, store);
    const left = await redis.pttl(name);
    if (left >= 0) expect(left, name).toBeLessThanOrEqual(PASSING.get(form) ?? 0);
    // -2: it has gone meanwhile.
    else if (left === -1) forms.set(form, (forms.get(form) ?? 0) + 1);
  }
  return forms;
}

/** A key without what tells it from others of its kind. */
function formOf(name: string, { namespace, queuePrefix }: Product['store']): string {
  return name
    .replace(`{${namespace}}`, 'sw')
    .replace(/^(sw:(?:task|idempotency|record)):.*/, '$1:…')
    .replace(/^(sw:(?:window|report|host|release|blob)):.*/, '$1:ID')
    .replace(new RegExp(`^${queuePrefix}:[^:]+`), 'bull:QUEUE')
    .replace(/^bull:QUEUE:(run|win)-[\w-]+/, 'bull:QUEUE:RUN');
}

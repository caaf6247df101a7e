import { expect, test } from 'vitest';
import type { Fire } from '../../src/model/schedule.js';
import {
  type FirePlace,
  type LedgerOf,
  readFiresTogether,
} from '../../src/store/schedules/fires-together.js';
import { Random } from '../simulation/random.js';
import { type TestStore, useStore } from '../support/store.js';
import { T0 } from '../support/window-samples.js';

const minute = 60_000;

/** Ledgers with a fire at each of these instants. @returns them, and all fires in the order in which they shall be told. */
async function fill(store: TestStore, instants: Map<string, number[]>) {
  const all: Pick<Fire, 'app' | 'schedule' | 'at'>[] = [];
  const ledgers: LedgerOf[] = [];
  for (const [name, times] of instants) {
    const [app, schedule] = name.split('/') as [string, string];
    ledgers.push({ app, schedule });
    for (const at of times) all.push({ app, schedule, at: new Date(at).toISOString() });
    const entries = times.flatMap(at => [at, JSON.stringify({ at, fate: 'ran', reason: 'on time' })]);
    if (entries.length > 0) await store.redis.zadd(store.keys.fires(app, schedule), ...entries);
  }
  const order = ({ app, schedule }: LedgerOf) => `${app} ${schedule}`;
  all.sort((a, b) => (a.at === b.at ? (order(a) < order(b) ? -1 : 1) : a.at < b.at ? 1 : -1));
  return { ledgers, all };
}

async function readAll(store: TestStore, ledgers: LedgerOf[], limit: number): Promise<Fire[]> {
  const found: Fire[] = [];
  let after: FirePlace | undefined;
  do {
    const page = await readFiresTogether(store, ledgers, { after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    if (page.next) expect(page.items).toHaveLength(limit);
    found.push(...page.items);
    after = page.next ?? undefined;
  } while (after);
  return found;
}

/** Counts what is read of ledgers. */
function counted(store: TestStore): { entries: number } {
  const read = { entries: 0 };
  const pipeline = store.redis.pipeline.bind(store.redis);
  store.redis.pipeline = ((...args: []) => {
    const made = pipeline(...args);
    const exec = made.exec.bind(made);
    made.exec = (async () => {
      const answers = await exec();
      for (const [, texts] of answers ?? []) read.entries += (texts as string[]).length;
      return answers;
    }) as typeof made.exec;
    return made;
  }) as typeof store.redis.pipeline;
  return read;
}

test.each([1, 2, 3])('page by page all fires come once and in order, however they lie (%i)', async seed => {
  const store = useStore();
  const random = new Random(seed);
  const instants = new Map<string, number[]>();
  for (let i = 0; i < 30; i++) {
    const count = i % 5 === 0 ? 0 : random.between(0, 15);
    const every = random.between(1, 5);
    instants.set(
      `${i % 3 === 0 ? 'other' : 'billing'}/job-${i}`,
      Array.from({ length: count }, (_, k) => T0 - k * every * minute),
    );
  }
  const { ledgers, all } = await fill(store, instants);
  for (const limit of [1, 7, 50, 10_000])
    expect(await readAll(store, ledgers, limit), `limit ${limit}`).toMatchObject(all);
});

test('of many schedules that fired at the same instants no more is read than the page needs', async () => {
  const store = useStore();
  const times = Array.from({ length: 200 }, (_, k) => T0 - k * minute);
  const { ledgers, all } = await fill(
    store,
    new Map(Array.from({ length: 300 }, (_, i) => [`a/job-${i}`, times])),
  );
  for (const limit of [20, 300, 1_000]) {
    const read = counted(store);
    const { items } = await readFiresTogether(store, ledgers, { limit });
    expect(items).toMatchObject(all.slice(0, limit));
    expect(read.entries, `limit ${limit}`).toBeLessThanOrEqual(ledgers.length + 4 * limit);
  }
});

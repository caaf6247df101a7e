import { expect, test } from 'vitest';
import { onEnd } from '../support/lifetime.js';
import { useStore } from '../support/store.js';
import { Violation } from './workflows/ledger.js';
import { MUTATIONS, type Mutation, plant } from './workflows/mutations.js';
import { storyOf } from './workflows/story.js';
import { tell } from './workflows/tell.js';
import { ground } from './workflows/world.js';

const SEEDS = 200;

/** Stories that find nothing show something only if they find what was put in. */
for (const mutation of MUTATIONS)
  test(`stories find it when ${mutation.bug}`, { timeout: 240_000 }, async () => {
    expect(await find(mutation)).toMatch(mutation.breaks);
  });

async function find({ script, hosts, stories = storyOf, from }: Mutation): Promise<string> {
  const store = useStore();
  const isSent = script && plant(store.redis, script);
  const shared = await ground(store);
  onEnd(() => shared.close());
  for (let seed = from; seed < from + SEEDS; seed++) {
    try {
      await tell(shared, stories(seed), hosts);
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof Violation)) throw error;
      return cause.message;
    }
    if (isSent && !isSent()) expect.fail(`no story runs the script ${script!.name}`);
  }
  expect.fail(`${SEEDS} stories have not met it`);
}

import { expect, it } from 'vitest';
import type { StoreBug } from '../support/memory-redis.js';
import { tell } from './simulate.js';
import { storyOf } from './story.js';

/** A simulation that finds nothing shows something only if it finds what was put in. */
const MUTATIONS: { bug: StoreBug; breaks: RegExp }[] = [
  { bug: 'fence ignored', breaks: /one committer a run|a checkpoint never goes back/ },
  { bug: 'hold without an end', breaks: /what stops runs has an end/ },
  { bug: 'lease ignored', breaks: /only the holder of the lease writes/ },
  { bug: 'version ignored', breaks: /a write of a window rests on the last one/ },
  { bug: 'lost try taken for a failed one', breaks: /a hook of which nobody knows is not begun again/ },
];
const SEEDS = 400;

it.each(MUTATIONS)('finds it when there is: $bug', async ({ bug, breaks }) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation } = await tell(storyOf(seed), { bugs: [bug] });
    if (violation) return expect(violation.invariant).toMatch(breaks);
  }
  expect.fail(`${SEEDS} stories have not met it`);
});

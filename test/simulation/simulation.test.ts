import { expect, it } from 'vitest';
import { explain, tell } from './simulate.js';
import { storyOf } from './story.js';

/** `SLACKWATER_SIM_SEED`: only this story. `SLACKWATER_SIM_RUNS`: so many of them. */
const only = process.env.SLACKWATER_SIM_SEED;
const first = only === undefined ? 1 : Number(only);
const many = only === undefined ? Number(process.env.SLACKWATER_SIM_RUNS ?? 500) : 1;

it(`keeps every promise in ${many} stories`, { timeout: 3_600_000 }, async () => {
  const outcomes: Record<string, number> = {};
  for (let seed = first; seed < first + many; seed++) {
    const { violation, window } = await tell(storyOf(seed));
    if (violation) throw new Error(await explain(seed));
    const outcome = `${window.strategy}: ${window.outcome}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  console.log(outcomes);
  expect(outcomes).toBeTruthy();
});

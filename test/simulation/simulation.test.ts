import { expect, it } from 'vitest';
import { OUTCOMES } from '../../src/model/window.js';
import { explain, tell } from './simulate.js';
import { storyOf } from './story.js';

/** Only this story. */
const only = process.env.SLACKWATER_SIM_SEED;
const first = Number(only ?? process.env.SLACKWATER_SIM_FROM ?? 1);
const many = only === undefined ? Number(process.env.SLACKWATER_SIM_RUNS ?? 1_500) : 1;

it(`keeps every promise, whatever goes wrong (${many} stories)`, { timeout: 3_600_000 }, async () => {
  const outcomes = new Set<string>();
  for (let seed = first; seed < first + many; seed++) {
    const { violation, window } = await tell(storyOf(seed));
    if (violation) throw new Error(await explain(seed));
    outcomes.add(`${window.strategy} ${window.outcome}`);
  }
  // A simulation that never gets anywhere would be content, too.
  if (many < 500) return;
  expect([...outcomes]).toEqual(expect.arrayContaining(OUTCOMES.map(outcome => `window ${outcome}`)));
  const sideBySide = ['rolling completed', 'rolling rolled-back', 'canary completed', 'canary rolled-back'];
  expect([...outcomes]).toEqual(expect.arrayContaining(sideBySide));
});

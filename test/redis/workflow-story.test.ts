import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { useStore } from '../support/store.js';
import { tellSeed } from './workflows/tell.js';
import { type Ground, ground } from './workflows/world.js';

/** More of them, or one of them again: `SLACKWATER_WORKFLOW_STORIES=5000`, `SLACKWATER_WORKFLOW_SEED=1075`. */
const STORIES = Number(process.env.SLACKWATER_WORKFLOW_STORIES ?? 60);
const SEED = process.env.SLACKWATER_WORKFLOW_SEED;

let shared: Ground;
beforeAll(async () => {
  shared = await ground(useStore());
});
afterAll(() => shared.close());

test('every step is done once, in order, and every workflow ends: whoever dies between any two acts, and while windows come and go', async () => {
  const tell = async (seed: number) => void (await tellSeed(shared, seed));
  if (SEED !== undefined) return tell(Number(SEED));
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), tell), {
    numRuns: STORIES,
    // A story is its seed: no smaller number is a simpler one.
    endOnFailure: true,
  });
}, 240_000);

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useStore } from '../support/store.js';
import { sideBySide } from './workflows/chosen-stories.js';
import { storyOf } from './workflows/story.js';
import { tell } from './workflows/tell.js';
import { type Ground, ground } from './workflows/world.js';

/** More of them, or one of them again: `SLACKWATER_WORKFLOW_STORIES=5000`, `SLACKWATER_WORKFLOW_SEED=1075`. */
const STORIES = Number(process.env.SLACKWATER_WORKFLOW_STORIES ?? 60);
const SEED = process.env.SLACKWATER_WORKFLOW_SEED;
/** As many as are told in a minute, or a second each where more are asked for. */
const TIME_MS = Math.max(240_000, STORIES * 1_000);

let shared: Ground;
beforeAll(async () => {
  shared = await ground(useStore());
});
afterAll(() => shared.close());

test(
  'every step is done once, in order, and every workflow ends: whoever dies between any two acts, and while windows come and go',
  async () => {
    const met = { inner: 0, ahead: 0, retries: 0, yields: 0 };
    const hear = async (seed: number) => {
      const seen = await tell(shared, storyOf(seed));
      for (const what of Object.keys(met) as (keyof typeof met)[]) met[what] += seen[what];
    };
    if (SEED !== undefined) return hear(Number(SEED));
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), hear), {
      numRuns: STORIES,
      // A story is its seed: no smaller number is a simpler one.
      endOnFailure: true,
    });
    // Few of them may have missed one of these.
    for (let seed = 1; seed <= 200 && Object.values(met).includes(0); seed++) await hear(seed);
    expect(Object.values(met), JSON.stringify(met)).not.toContain(0);
  },
  TIME_MS,
);

test.skipIf(SEED !== undefined)(
  'while two releases run side by side a host takes the step that the release of another does not have',
  async () => {
    // About one in ten.
    for (let seed = 1; seed <= 100; seed++) if ((await tell(shared, sideBySide(seed))).takenOver > 0) return;
    expect.fail('no story has met it');
  },
  240_000,
);

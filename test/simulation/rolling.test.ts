import { expect, it } from 'vitest';
import { sampleWindow } from '../support/window-samples.js';
import { NEW, OLD } from './releases.js';
import { FRESH } from './runs.js';
import { tell } from './simulate.js';
import type { Story } from './story.js';

/** Nobody's runs end before the window does. */
const ENDLESS = 1_000_000;

const storyOf = (seed: number): Story => ({
  seed,
  window: sampleWindow({
    strategy: 'rolling',
    rolling: { batch: 1, pauseMs: seed % 2 === 0 ? 0 : 200 },
    drainTimeoutMs: 6_000,
    maxDurationMs: 30_000,
  }),
  releases: { old: OLD, new: NEW },
  servers: 2,
  hosts: 3,
  runs: Array.from({ length: 9 }, (_, i) => ({
    ...FRESH,
    id: `run-${i}`,
    total: ENDLESS,
    pace: i % 4 === 0 ? 'slow' : 'quick',
  })),
  behaviours: {},
  choice: 'release',
  faults: [],
});

it('lets no moment be without a run that computes, and changes the release under every one of them', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    let least = Number.POSITIVE_INFINITY;
    const story = storyOf(seed);
    const { violation, window, runs } = await tell(story, {
      afterAct({ window: { phase }, hosts }) {
        const computing = hosts.reduce((total, { held }) => total + held.computing().length, 0);
        if (phase === 'swapping') least = Math.min(least, computing);
      },
    });
    expect([violation, window.outcome]).toEqual([null, 'completed']);
    expect(least, `seed ${seed}`).toBeGreaterThan(0);
    for (const run of runs.all()) expect(run.state).toMatchObject({ by: 'new', version: 2 });
  }
});

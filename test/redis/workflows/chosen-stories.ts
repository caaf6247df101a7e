import { releaseOf } from './releases.js';
import { type StepStory, type Story, stepOf, storyOf } from './story.js';

const STEP: StepStory = { verdict: 'run', count: 1, fails: new Set(), chances: 2 };

/** A release comes host by host that has a step more, and the run begins meanwhile: on a host that has it already, or on one that does not. */
export function sideBySide(seed: number): Story {
  const first = [stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'], each: true })];
  const more = [...first, stepOf('c', 'job', { after: ['a'] }), stepOf('d', 'job', { after: ['b', 'c'] })];
  return {
    ...storyOf(seed),
    releases: [releaseOf('r1', 'first', first), releaseOf('r2', 'add c, d', more)],
    steps: { a: STEP, b: { ...STEP, count: 3 }, c: STEP, d: STEP },
    signals: [],
    cancelAfter: null,
    askAfter: 'side by side',
    disturbedFor: 800,
    time: 10,
    harm: 0,
    rolling: 1,
    isCanary: false,
  };
}

/** What fails is retried again and again, while windows bring a release that lacks the step after it. */
export function retried(seed: number): Story {
  const first = [stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] })];
  const less = releaseOf('r2', 'remove b', first.slice(0, 1));
  return {
    ...storyOf(seed),
    releases: [releaseOf('r1', 'first', first), less],
    steps: { a: { ...STEP, fails: new Set([0]) }, b: STEP },
    signals: [],
    cancelAfter: null,
    askAfter: 0,
    disturbedFor: 1_000,
    retries: 10,
    harm: 0,
    rolling: 0,
  };
}

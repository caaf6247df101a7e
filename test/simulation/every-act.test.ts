import { describe, expect, it } from 'vitest';
import type { Hook } from '../../src/model/task.js';
import type { Choice, Outcome, Window } from '../../src/model/window.js';
import { tasksOf } from '../../src/window/declare-tasks.js';
import { sampleWindow } from '../support/window-samples.js';
import type { Behaviour } from './executor.js';
import { NEW, OLD, type Release } from './releases.js';
import { FRESH, type Run } from './runs.js';
import { tell } from './simulate.js';
import type { Story } from './story.js';
import type { Options, World } from './world.js';

/** A window whose end is known, whatever becomes of its leader. */
interface Scenario {
  what: string;
  window?: Partial<Window>;
  hooks?: Hook['when'][];
  probe?: Behaviour;
  release?: Partial<Release>;
  pace?: Run['pace'];
  choice?: Choice;
  ends: Outcome;
}

const watch = { durationMs: 1_500, minRuns: 3, maxFailureRate: 0.3, maxCrashes: 2, maxParked: 3 };
const failing = { fails: 0.8 };
const rolling = { strategy: 'rolling', rolling: { batch: 1, pauseMs: 0 } } as const;
const canary = { strategy: 'canary' as const, canary: { steps: [0.5], stepMs: 400 }, watch };

const SCENARIOS: Scenario[] = [
  { what: 'a window', ends: 'completed' },
  {
    what: 'a window with hooks, a probe and a watch',
    window: { watch },
    hooks: ['before', 'stopped', 'after'],
    probe: ['works'],
    ends: 'completed',
  },
  { what: 'a window whose probe fails', hooks: ['stopped', 'undo'], probe: ['fails'], ends: 'rolled-back' },
  {
    what: 'a window that is watched and goes back',
    window: { watch },
    release: failing,
    ends: 'rolled-back',
  },
  { what: 'a window that does not come to a stop', pace: 'stubborn', ends: 'aborted' },
  {
    what: 'a window that stops by force',
    pace: 'stubborn',
    window: { onDrainTimeout: 'force' },
    ends: 'completed',
  },
  { what: 'a window whose release reads no state', release: { reads: [2] }, ends: 'refused' },
  {
    what: 'a window that is held and goes on',
    hooks: ['stopped'],
    probe: ['fails'],
    choice: 'go-on',
    ends: 'completed',
  },
  { what: 'a rolling window', window: rolling, ends: 'completed' },
  {
    what: 'a rolling window that goes back',
    window: { ...rolling, watch },
    release: failing,
    ends: 'rolled-back',
  },
  { what: 'a canary', window: canary, ends: 'completed' },
  { what: 'a canary of a bad release', window: canary, release: failing, ends: 'rolled-back' },
];

function storyOf({
  window,
  hooks = [],
  probe,
  release,
  pace = 'quick',
  choice = 'release',
}: Scenario): Story {
  const defined = hooks.map(when => ({
    name: `the ${when} hook`,
    when,
    command: ['true'],
    timeoutMs: 600,
    attempts: 1,
    idempotent: true,
  }));
  const probes = probe ? [{ name: 'the probe', command: ['true'], timeoutMs: 600 }] : [];
  const tasks = tasksOf({ hooks: defined, probes });
  return {
    seed: 7,
    window: sampleWindow({
      drainTimeoutMs: 6_000,
      maxDurationMs: 30_000,
      hooks: defined,
      probes,
      tasks,
      ...window,
    }),
    releases: { old: OLD, new: { ...NEW, ...release } },
    servers: 2,
    hosts: 2,
    runs: Array.from({ length: 8 }, (_, i) => ({ ...FRESH, id: `run-${i}`, total: 300, pace })),
    behaviours: Object.fromEntries(
      tasks.map(({ name, kind }) => [name, kind === 'probe' ? probe! : ['works']]),
    ),
    choice,
    faults: [],
  };
}

/** What is read may as well be read again: it is enough to strike between any two writes, and at them. */
const WRITES = /advance|claim intent|prune|sign: [^t]|flags: (note|pause|resume|drop)/;
/** Longer than a lease. */
const AWAY_MS = 4_000;

type Strike = (world: World, process: Parameters<NonNullable<Options['onAct']>>[0]['process']) => boolean;

const STRIKES: Record<string, Strike> = {
  'killed before it': (world, process) => {
    process.kill();
    process.lose();
    world.scheduler.in(500, 'started again', () => void world.serve());
    return false;
  },
  'killed after it, without an answer': (world, process) => {
    process.kill();
    world.scheduler.in(500, 'started again', () => void world.serve());
    return true;
  },
  'stopped before it, and going on when another leads': (world, process) => {
    process.stop();
    world.scheduler.in(AWAY_MS, 'goes on', () => process.continue());
    return false;
  },
  'stopped after it, and going on when another leads': (world, process) => {
    process.stop();
    world.scheduler.in(AWAY_MS, 'goes on', () => process.continue());
    return true;
  },
};

describe.each(SCENARIOS)('$what', scenario => {
  const story = storyOf(scenario);

  it.each(Object.entries(STRIKES))(
    'ends as it would have, its leader %s, at every act',
    async (_, strike) => {
      const writes: { index: number; name: string }[] = [];
      const undisturbed = await tell(story, {
        onAct({ name, index, process, world }) {
          const leads = world.redis.lease.owner === process.name;
          if (leads && WRITES.test(name)) writes.push({ index, name });
          return true;
        },
      });
      expect([undisturbed.violation, undisturbed.window.outcome]).toEqual([null, scenario.ends]);
      expect(writes.length).toBeGreaterThan(3);
      for (const { index, name } of writes) {
        const { violation, window } = await tell(story, {
          onAct: act => act.index !== index || strike(act.world, act.process),
        });
        const ended = {
          at: `${index}: ${name}`,
          violation: violation?.message ?? null,
          outcome: window.outcome,
        };
        expect(ended).toEqual({ ...ended, violation: null, outcome: scenario.ends });
      }
    },
  );
});

import type { Hook, Probe } from '../../src/model/task.js';
import type { Choice, Window } from '../../src/model/window.js';
import { tasksOf } from '../../src/window/declare-tasks.js';
import { iso, sampleWindow, T0 } from '../support/window-samples.js';
import type { Behaviour } from './executor.js';
import { Random } from './random.js';
import { NEW, OLD, type Release } from './releases.js';
import { FRESH, type Run } from './runs.js';

export const APP = 'billing';

const FAULTS = {
  'server is killed': 4,
  'server is stopped': 4,
  'server is cut off': 2,
  'leader is killed': 4,
  'leader is stopped': 4,
  'all servers are killed': 1,
  'host is killed': 3,
  'host is stopped': 2,
  'host is cut off': 2,
  'host goes deaf': 1,
  'host leaves': 2,
  'host joins': 2,
  'Redis is away': 2,
  'Redis loses what it wrote last': 2,
  'Redis refuses': 1,
  'answers are lost': 1,
  'the clock jumps': 1,
  'wake-ups are lost': 2,
  'wake-ups come twice': 1,
  'somebody asks': 4,
  'somebody extends': 1,
  'somebody holds the queue': 1,
} as const;
type FaultKind = keyof typeof FAULTS;

/** Something that happens to the story at a time, ms after its beginning. */
export interface Fault {
  kind: FaultKind;
  at: number;
  /** How long it lasts, where it does. */
  ms: number;
  /** Which of those there are; what is asked; how far the clock jumps. */
  which: number;
}

/** A window, what it meets, and what goes wrong: all from one seed. */
export interface Story {
  seed: number;
  window: Window;
  releases: { old: Release; new: Release };
  servers: number;
  hosts: number;
  runs: Run[];
  behaviours: Record<string, Behaviour>;
  /** What a person does where the window is held. */
  choice: Choice;
  faults: Fault[];
}

/** After so long nothing goes wrong any more. */
export const CALM_AT = 12_000;

export function storyOf(seed: number): Story {
  const random = new Random(seed);
  const { strategy, hosts } = {
    strategy: strategyOf(random),
    hosts: random.weighted({ 0: 1, 1: 6, 2: 10, 3: 6 }),
  };
  const window = windowOf(random, strategy);
  return {
    seed,
    window,
    releases: { old: OLD, new: releaseOf(random) },
    servers: random.between(1, 3),
    hosts: Number(hosts),
    runs: runsOf(random),
    behaviours: behavioursOf(random, window),
    choice: random.pick(['retry', 'go-on', 'go-back', 'release'] as const),
    faults: faultsOf(random),
  };
}

const strategyOf = (random: Random): Window['strategy'] =>
  random.weighted({ window: 6, rolling: 2, canary: 1 });

function windowOf(random: Random, strategy: Window['strategy']): Window {
  const isAhead = random.chance(0.2);
  const tasks = random.chance(0.5)
    ? hooksAndProbesOf(random, strategy)
    : { hooks: [], probes: [], tasks: [] };
  const watch = { durationMs: 1_500, minRuns: 3, maxFailureRate: 0.3, maxCrashes: 2, maxParked: 0 };
  return sampleWindow({
    ...tasks,
    strategy,
    version: 1,
    previousRelease: 'old',
    startsAt: iso(T0 + (isAhead ? 2_000 : 0)),
    drainTimeoutMs: random.between(1_500, 5_000),
    onDrainTimeout: random.pick(['abort', 'force'] as const),
    maxDurationMs: random.between(8_000, 14_000),
    rolling: strategy === 'rolling' ? { batch: random.between(1, 2), pauseMs: random.pick([0, 300]) } : null,
    canary: strategy === 'canary' ? { steps: [0.3, 0.6], stepMs: 600 } : null,
    watch: random.chance(0.4) || strategy === 'canary' ? watch : null,
    requiresApproval: random.chance(0.1),
  });
}

function hooksAndProbesOf(
  random: Random,
  strategy: Window['strategy'],
): Pick<Window, 'hooks' | 'probes' | 'tasks'> {
  const times =
    strategy === 'window'
      ? (['before', 'stopped', 'after', 'undo'] as const)
      : (['before', 'after'] as const);
  const hooks: Hook[] = times
    .filter(() => random.chance(0.5))
    .map(when => ({
      name: `the ${when} hook`,
      when,
      command: ['true'],
      timeoutMs: 600,
      attempts: random.between(1, 2),
      idempotent: random.chance(0.3),
    }));
  const probes: Probe[] = random.chance(0.5)
    ? [{ name: 'the probe', command: ['true'], timeoutMs: 600 }]
    : [];
  return { hooks, probes, tasks: tasksOf({ hooks, probes }) };
}

function behavioursOf(random: Random, { tasks }: Window): Story['behaviours'] {
  const behaviour = (): Behaviour =>
    random.pick([
      ['works'],
      ['works'],
      ['works'],
      ['fails', 'works'],
      ['fails'],
      ['hangs', 'works'],
      ['hangs'],
    ]);
  return Object.fromEntries(tasks.map(({ name }) => [name, behaviour()]));
}

function releaseOf(random: Random): Release {
  const kind = random.weighted({
    good: 6,
    broken: 1,
    unreadable: 1,
    partly: 1,
    failing: 2,
    killing: 1,
    oneWay: 2,
  });
  switch (kind) {
    case 'broken':
      return { ...NEW, loads: false };
    case 'unreadable':
      return { ...NEW, reads: [2] };
    case 'partly':
      return { ...NEW, readsUpTo: random.between(5, 40) };
    case 'failing':
      return { ...NEW, fails: 0.3 };
    case 'killing':
      return { ...NEW, kills: 0.15 };
    case 'oneWay':
      return { ...NEW, hasDowngrade: false, onRollback: random.pick(['repeat', 'park'] as const) };
    default:
      return NEW;
  }
}

const runsOf = (random: Random): Run[] =>
  Array.from({ length: random.between(0, 7) }, (_, i) => ({
    ...FRESH,
    id: `run-${i}`,
    total: random.pick([5, 30, 80, 150]),
    pace: random.weighted({ quick: 8, slow: 3, stubborn: 1 }),
  }));

function faultsOf(random: Random): Fault[] {
  const many = random.weighted({ 0: 1, 1: 2, 3: 3, 6: 3, 10: 1 });
  return Array.from({ length: Number(many) }, () => ({
    kind: random.weighted<FaultKind>(FAULTS),
    at: random.between(0, CALM_AT - 3_000),
    ms: random.pick([50, 400, 1_200, 1_200, 3_500, 8_000]),
    which: random.between(0, 11),
  })).sort((a, b) => a.at - b.at);
}

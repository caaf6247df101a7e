import type { Random } from '../../test/simulation/random.js';

export const GOOD = ['v1', 'v2'] as const;
export const BAD = ['unloadable', 'unreadable', 'sour'] as const;
export type Folder = (typeof GOOD)[number] | (typeof BAD)[number];

/** One window as it will be declared. */
export interface PlannedWindow {
  /** `good`: the other one of the two good releases than the one that runs. */
  release: 'good' | (typeof BAD)[number];
  /** What `POST /v1/windows` is given beside the release; `HOOK` in a command stands for the program. */
  fields: Record<string, unknown> & { strategy: string };
  /** Somebody aborts it so long after its beginning, ms. */
  abortAfterMs: number | null;
  /** What is chosen where it is held. */
  choice: number;
  /** Between its end and the next one, ms. */
  restMs: number;
}

export const HOOK = '{hook}';

/** The same seed, the same windows in the same order. */
export function* planWindows(random: Random): Generator<PlannedWindow, never> {
  for (;;) {
    const release = random.weighted<PlannedWindow['release']>({
      good: 68,
      unloadable: 8,
      unreadable: 10,
      sour: 14,
    });
    const strategy = random.weighted({ window: 50, rolling: 25, canary: 25 });
    yield {
      release,
      fields: {
        strategy,
        ...(strategy === 'rolling' && {
          rolling: { batch: random.between(1, 2), pause: random.between(0, 800) },
        }),
        ...(strategy === 'canary' && { canary: { steps: [0.1, 0.5], step: random.between(800, 2_500) } }),
        drainTimeout: random.between(1_500, 12_000),
        onDrainTimeout: random.pick(['abort', 'force']),
        maxDuration: '90s',
        ...(random.chance(0.45) && { hooks: hooks(strategy, random) }),
        ...(random.chance(0.3) && {
          probes: [{ name: 'works', job: { name: 'campaign.probe', payload: {} }, timeout: '10s' }],
        }),
        ...watchOf(release, random),
      },
      abortAfterMs: random.chance(0.12) ? random.between(100, 9_000) : null,
      choice: random.next(),
      restMs: random.between(0, 2_500),
    };
  }
}

/** Where nothing stops there are no hooks that need it. */
function hooks(strategy: string, random: Random) {
  const stops = strategy === 'window';
  const times = (['before', 'stopped', 'after'] as const).filter(when => stops || when !== 'stopped');
  const some = times.filter(() => random.chance(0.5));
  const all = stops && random.chance(0.6) ? [...some, 'undo' as const] : some;
  return all.map(when => ({
    name: when,
    when,
    command: [HOOK, String(random.between(0, 3_000))],
    timeout: '20s',
    idempotent: random.chance(0.5),
  }));
}

/** A sour release shows by how its runs end, so somebody has to look. */
function watchOf(release: PlannedWindow['release'], random: Random) {
  const watch = { minRuns: 5, maxFailureRate: 0.02, maxCrashes: 1_000, maxParked: 0 };
  if (release === 'sour') return { watch: { ...watch, duration: '12s' } };
  return random.chance(0.4) ? { watch: { ...watch, duration: random.between(1_000, 6_000) } } : {};
}

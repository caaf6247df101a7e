import { expect, test } from 'vitest';
import type { ScheduleManifest } from '../../src/model/release.js';
import type { WindowPlan } from '../../src/model/window-plan.js';
import { redisNow } from '../../src/store/redis.js';
import { planWindow } from '../../src/window/plan.js';
import { sampleRelease } from '../support/sample-releases.js';
import { APP, applied } from '../support/schedules.js';
import { useStore } from '../support/store.js';

const minute = 60_000;
const hour = 60 * minute;

/** What a plan says of a window of 45 minutes that begins at the next full hour but one. */
async function planned(schedules: (at: (minutes: number) => Date) => Partial<ScheduleManifest>[]) {
  const store = useStore();
  const from = Math.ceil((await redisNow(store.redis)) / hour + 1) * hour;
  const all = schedules(minutes => new Date(from + minutes * minute));
  await applied(store, 'a', all);
  const jobs = all.map(({ job }) => ({ name: job!, queue: job! }));
  const plan = await planWindow(store, {
    release: await sampleRelease(store, 'b', { app: APP, jobs }),
    startsAt: new Date(from).toISOString(),
    reason: 'r',
    createdBy: 'ops',
    drainTimeoutMs: 1,
    maxDurationMs: 45 * minute,
    onDrainTimeout: 'abort',
  });
  return { plan, from };
}

const daily = (at: Date): string => `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
const named = ({ fires }: WindowPlan, name: string): string[] =>
  fires.filter(({ schedule }) => schedule === name).map(({ at }) => at);

test('one that fires each second hides no other in a plan, and it is said that not all are named', async () => {
  const { plan } = await planned(at => [
    { job: 'often', cron: '* * * * * *', jitterMs: 0 },
    { job: 'nightly', cron: daily(at(40)), jitterMs: 0 },
  ]);
  expect(named(plan, 'often')).toHaveLength(20);
  expect(named(plan, 'nightly')).toHaveLength(1);
  expect(plan.moreFires).toBe(true);
  const times = plan.fires.map(({ at }) => at);
  expect(times).toEqual([...times].sort());
});

test('of very many each has its first before any has its second', async () => {
  const { plan } = await planned(() =>
    Array.from({ length: 300 }, (_, i) => ({ job: `job-${i}`, cron: '*/5 * * * *', jitterMs: 0 })),
  );
  expect(plan.fires).toHaveLength(500);
  expect(new Set(plan.fires.map(({ schedule }) => schedule)).size).toBe(300);
  expect(plan.moreFires).toBe(true);
});

test('days left out are not planned, nor do they hide what comes after them', async () => {
  const { plan } = await planned(at => [
    {
      job: 'out',
      cron: '* * * * *',
      jitterMs: 0,
      except: [0, 44].map(each => at(each).toISOString().slice(0, 10)),
    },
    { job: 'nightly', cron: daily(at(40)), jitterMs: 0 },
  ]);
  expect(plan.fires.map(({ schedule }) => schedule)).toEqual(['nightly']);
  expect(plan.moreFires).toBe(false);
});

test('what counts is when a fire starts, its jitter included', async () => {
  // Each starts so much later than its instant: the one before the window within it, or the one within behind it.
  const { plan, from } = await planned(at => [
    { job: 'before', cron: daily(at(-1)), jitterMs: 80 * minute },
    { job: 'within', cron: daily(at(44)), jitterMs: 24 * hour },
    { job: 'exact', cron: daily(at(0)), jitterMs: 0 },
  ]);
  expect(named(plan, 'before')).toEqual([new Date(from - minute).toISOString()]);
  expect(named(plan, 'within')).toEqual([]);
  expect(named(plan, 'exact')).toEqual([new Date(from).toISOString()]);
});

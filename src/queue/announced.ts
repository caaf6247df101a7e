import { isInTheWay } from '../model/announcement.js';
import { usualEndOf, usualGapOf } from '../model/paces.js';
import type { HeldBy } from '../model/run.js';
import { announcementOf } from '../store/announcements.js';
import { readIntent } from '../store/intents.js';
import { readPaces } from '../store/paces.js';
import { redisNow, type Store } from '../store/redis.js';
import { getRelease } from '../store/release-records.js';
import { openSpans } from '../store/window-spans.js';

/** What holds back a run of a job that has not started, beside the holds of its queue. */
export type HeldBack = (app: string, job: string) => HeldBy[];

const NOTHING: HeldBack = () => [];

/** The jobs whose runs wait for an announced window, as hosts see it. One read where nothing is announced. */
export async function heldBack(store: Store): Promise<HeldBack> {
  const [spans, now] = await Promise.all([openSpans(store), redisNow(store.redis)]);
  const apps = [...new Set(Object.values(spans).map(({ app }) => app))];
  const found = apps.flatMap(app => {
    const announcement = announcementOf(spans, app, now);
    return announcement ? [{ app, announcement }] : [];
  });
  if (found.length === 0) return NOTHING;
  const held = new Map<string, HeldBy[]>();
  for (const { app, announcement } of found) {
    const { window, reason, from, to } = announcement;
    const entry: HeldBy = { window, reason, until: new Date(to).toISOString() };
    for (const job of await jobsInTheWay(store, app, from - now, now)) held.set(`${app}/${job}`, [entry]);
  }
  return (app, job) => held.get(`${app}/${job}`) ?? [];
}

async function jobsInTheWay(store: Store, app: string, leftMs: number, now: number): Promise<string[]> {
  const release = (await readIntent(store, app))?.release;
  if (!release) return [];
  const [{ jobs }, paces] = await Promise.all([getRelease(store, release), readPaces(store, app, now)]);
  return jobs
    .filter(({ name, checkpointVersion }) => {
      const times = paces.get(name);
      const hasCheckpoint = checkpointVersion !== null;
      return isInTheWay({ hasCheckpoint, gapMs: usualGapOf(times), endMs: usualEndOf(times) }, leftMs);
    })
    .map(({ name }) => name);
}

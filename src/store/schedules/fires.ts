import type { Fate, Fire } from '../../model/schedule.js';
import type { Store } from '../redis.js';

/** The ledger: of each schedule so many fires, and none that is older, ms. */
export const FIRES_KEPT = 1_000;
export const FIRES_KEPT_MS = 30 * 86_400_000;
/** Beyond the ledger it is known of so many instants of a schedule that their runs were started, for so long after the latest, ms. */
export const STARTS_KEPT = 10_000;
export const STARTS_KEPT_MS = 400 * 86_400_000;

/** A fire as the ledger has it: its schedule is in the key. */
export interface DecidedFire {
  /** ms. */
  at: number;
  fate: Fate;
  reason: string;
  window?: string;
  /** ID of its run. */
  run?: string;
  /** Of one that a person asked for: unlike any other. */
  request?: string;
}

export interface FirePage {
  items: Fire[];
  /** Give it as `before` for those that are older; `null`: there are none. */
  next: number | null;
}

/**
 * The fires of one schedule, the newest first.
 * @param options.before ms: only those before that instant.
 */
export async function readFires(
  { redis, keys }: Store,
  { app, schedule }: { app: string; schedule: string },
  { before, limit = 100 }: { before?: number | undefined; limit?: number | undefined } = {},
): Promise<FirePage> {
  const max = before === undefined ? '+inf' : `(${before}`;
  const key = keys.fires(app, schedule);
  const texts = await redis.zrange(key, max, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit + 1);
  const items = texts.slice(0, limit).map(text => toFire(app, schedule, text));
  return { items, next: texts.length > limit ? Date.parse(items.at(-1)!.at) : null };
}

/** The newest `most` fires of each of several schedules before an instant (ms), in their order. */
export async function readFiresOfEach(
  { redis, keys }: Store,
  asked: { app: string; schedule: string; before: number | undefined }[],
  most: number,
): Promise<Fire[][]> {
  const reads = redis.pipeline();
  for (const { app, schedule, before } of asked) {
    const max = before === undefined ? '+inf' : `(${before}`;
    reads.zrange(keys.fires(app, schedule), max, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, most);
  }
  const answers = (await reads.exec()) ?? [];
  return asked.map(({ app, schedule }, i) => {
    const [fault, texts] = answers[i] ?? [];
    if (fault) throw fault;
    return (texts as string[]).map(text => toFire(app, schedule, text));
  });
}

export interface Starts {
  /** Instants of which it is known that the schedule has started their runs, ms. */
  instants: Set<number>;
  /** Before it nothing is known any more, ms; `null`: nothing was forgotten. */
  since: number | null;
}

/** What a schedule has started of its instants between two, both included. */
export async function startsOf(
  { redis, keys }: Store,
  { app, schedule }: { app: string; schedule: string },
  from: number,
  to: number,
): Promise<Starts> {
  const key = keys.started(app, schedule);
  const [count, first, found] = await Promise.all([
    redis.zcard(key),
    redis.zrange(key, '0', '0'),
    redis.zrangebyscore(key, from, to),
  ]);
  const since = count >= STARTS_KEPT ? Number(first[0]) : null;
  return { instants: new Set(found.map(Number)), since };
}

/** The fires that a window held, as they are now, the oldest first. At most 10,000 are kept. */
export async function firesOfWindow({ redis, keys }: Store, window: string, app: string): Promise<Fire[]> {
  const texts = Object.entries(await redis.hgetall(keys.heldFires(window)));
  return texts
    .map(([field, text]) => toFire(app, field.split(' ')[0]!, text))
    .sort((a, b) => (a.at + a.schedule < b.at + b.schedule ? -1 : 1));
}

export function toFire(app: string, schedule: string, text: string): Fire {
  const { at, fate, reason, run = null, window } = JSON.parse(text) as DecidedFire;
  return {
    schedule,
    app,
    at: new Date(at).toISOString(),
    fate,
    reason,
    run,
    ...(window !== undefined && { window }),
  };
}

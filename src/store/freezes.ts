import { describeFreeze, type Freeze, freezeAt } from '../model/freeze.js';
import { SlackwaterError } from '../platform/errors.js';
import { newId } from '../platform/ids.js';
import { notThere } from './not-there.js';
import { redisNow, type Store, script } from './redis.js';

const addScript = script<number>('add-freeze', 2);
const removeScript = script<number>('remove-freeze', 2);

/** How long a freeze that is over is kept for those who ask why nothing was deployed, ms. */
const KEPT_MS = 30 * 86_400_000;

/** As it is stored: times in ms, since the script that creates a window compares them. */
type StoredFreeze = Omit<Freeze, 'from' | 'to'> & { from: number; to: number };

/**
 * Adds a freeze. Windows that are scheduled within it stay; they are refused when their time comes, if it still stands then.
 * @throws SlackwaterError `bad-request` for one that ends before it begins, or is over already.
 */
export async function addFreeze(
  store: Store,
  input: Pick<Freeze, 'app' | 'from' | 'to' | 'reason' | 'createdBy'>,
): Promise<Freeze> {
  const now = await redisNow(store.redis);
  const [from, to] = [Date.parse(input.from), Date.parse(input.to)];
  if (!(from < to)) throw badEnd('must be a time after "from"', 'a freeze ends after it begins');
  if (to <= now) throw badEnd('must be a time in the future', 'this freeze would be over already');
  const stored = { ...input, from, to, id: newId('frz', now), createdAt: new Date(now).toISOString() };
  const { keys, redis } = store;
  await pruneFreezes(store, now);
  await addScript(redis, keys.freezes, keys.events, stored.id, JSON.stringify(stored), keys.wake);
  return readStored(stored);
}

/** @throws SlackwaterError `not-found` */
export async function removeFreeze(store: Store, id: string): Promise<void> {
  const { keys, redis } = store;
  if ((await removeScript(redis, keys.freezes, keys.events, id, keys.wake)) === 1) return;
  throw notThere('freeze', id, await redis.hkeys(keys.freezes), 'see `slackwater freeze ls`');
}

/** All that hold, will hold, or ended less than 30 days ago, in the order in which they begin. */
export async function listFreezes(store: Store): Promise<Freeze[]> {
  const [texts, now] = await Promise.all([store.redis.hvals(store.keys.freezes), redisNow(store.redis)]);
  return texts
    .map(text => JSON.parse(text) as StoredFreeze)
    .filter(freeze => !isForgotten(freeze, now))
    .sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1))
    .map(readStored);
}

/** @throws SlackwaterError `conflict` if no window of this app may start at this time (ms), naming the freeze. */
export async function refuseInFreeze(store: Store, app: string, at: number): Promise<void> {
  const freeze = freezeAt(await listFreezes(store), app, at);
  if (freeze) throw frozen(freeze);
}

/** What whoever wants a window to start within this freeze is told. */
export const frozen = (freeze: Freeze): SlackwaterError =>
  new SlackwaterError(
    'conflict',
    `${describeFreeze(freeze)}: choose a later time, or lift it with \`slackwater freeze rm ${freeze.id}\``,
    [{ pointer: '/startsAt', detail: `lies in freeze ${freeze.id}` }],
  );

/** What a crash leaves, the next one takes along. */
async function pruneFreezes({ keys, redis }: Store, now: number): Promise<void> {
  const entries = Object.entries(await redis.hgetall(keys.freezes));
  const old = entries.filter(([, text]) => isForgotten(JSON.parse(text) as StoredFreeze, now));
  if (old.length > 0) await redis.hdel(keys.freezes, ...old.map(([id]) => id));
}

const isForgotten = ({ to }: StoredFreeze, now: number): boolean => to + KEPT_MS <= now;

/** A freeze as a script gives it back. */
export const readFreeze = (text: string): Freeze => readStored(JSON.parse(text) as StoredFreeze);

const readStored = (stored: StoredFreeze): Freeze => ({
  id: stored.id,
  app: stored.app,
  from: new Date(stored.from).toISOString(),
  to: new Date(stored.to).toISOString(),
  reason: stored.reason,
  createdBy: stored.createdBy,
  createdAt: stored.createdAt,
});

const badEnd = (detail: string, why: string): SlackwaterError =>
  new SlackwaterError('bad-request', `${why}: give a later "to"`, [{ pointer: '/to', detail }]);

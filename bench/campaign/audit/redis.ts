import { createKeys } from '../../../src/store/keys.js';
import type { Redis } from '../../../src/store/redis.js';
import { APP, NAMESPACE, QUEUE_PREFIX } from '../fleet.js';
import type { AcceptedRun } from '../producer.js';

/** One accepted run, as Redis has it; read from the hashes themselves, not through the product. */
interface StoredRun extends AcceptedRun {
  /** `lost`: nothing is there. */
  place: 'lost' | 'completed' | 'failed' | 'unfinished';
  result: { items: number; seed: number; child: string } | null;
  failures: number;
  why: string | null;
}

/** What Redis alone says. */
export interface RedisFindings {
  runs: StoredRun[];
  /** Of the children that completed runs say they have. */
  childrenMissing: string[];
  holds: string[];
  openWindows: string[];
  paused: string[];
  /** Why the app's intake is not open as it should be; `null`: it is. */
  intent: string | null;
  /** States that are kept though their run has completed: each window would prove them again. */
  statesLeft: string[];
}

const QUEUES = ['campaign.quick', 'campaign.slow', 'campaign.child', 'campaign.taste', 'campaign.probe'];
const keys = createKeys(NAMESPACE, QUEUE_PREFIX);

export async function readRedis(redis: Redis, accepted: AcceptedRun[]): Promise<RedisFindings> {
  const runs: StoredRun[] = [];
  for (let from = 0; from < accepted.length; from += 500)
    runs.push(...(await readRuns(redis, accepted.slice(from, from + 500))));
  const completed = runs.filter(({ place }) => place === 'completed');
  const missing = await Promise.all(
    completed.map(async ({ id, result }) => {
      const child = result?.child ?? '';
      const there = await redis.zscore(keys.job('campaign.child', 'completed'), child);
      return there === null ? [`${child || 'the child'} of ${id} has not completed`] : [];
    }),
  );
  const [holds, openWindows, flags, intent, live] = await Promise.all([
    redis.hgetall(keys.holds),
    redis.hkeys(keys.openWindows),
    Promise.all(QUEUES.map(queue => redis.hexists(keys.job(queue, 'meta'), 'paused'))),
    redis.get(keys.intent(APP)),
    Promise.all(QUEUES.map(queue => redis.smembers(keys.live(queue)))),
  ]);
  const ended = new Set(completed.map(({ id }) => id));
  return {
    runs,
    childrenMissing: missing.flat(),
    holds: Object.values(holds),
    openWindows,
    paused: QUEUES.filter((_, i) => flags[i] === 1),
    intent: whyNotOpen(intent),
    statesLeft: live.flat().filter(id => ended.has(id)),
  };
}

async function readRuns(redis: Redis, accepted: AcceptedRun[]): Promise<StoredRun[]> {
  const asked = redis.pipeline();
  for (const { id, job } of accepted) {
    asked.hmget(keys.job(job, id), 'returnvalue', 'failedReason');
    asked.exists(keys.job(job, id));
    asked.zscore(keys.job(job, 'completed'), id);
    asked.zscore(keys.job(job, 'failed'), id);
    asked.hget(keys.run(job, id), 'failures');
  }
  const answers = (await asked.exec()) ?? [];
  return accepted.map((run, i) => {
    const [fields, exists, completed, failed, failures] = answers
      .slice(5 * i, 5 * i + 5)
      .map(([, answer]) => answer);
    const [result, why] = fields as (string | null)[];
    const place =
      exists === 0 ? 'lost' : completed !== null ? 'completed' : failed !== null ? 'failed' : 'unfinished';
    return {
      ...run,
      place,
      result: result ? JSON.parse(result) : null,
      failures: Number(failures ?? 0),
      why: why ?? null,
    };
  });
}

function whyNotOpen(text: string | null): string | null {
  if (text === null) return 'there is no intent';
  const { gate, drain, window, moved, share } = JSON.parse(text);
  if (gate === 'open' && !drain && window === null && (moved ?? []).length === 0 && !share) return null;
  return text;
}

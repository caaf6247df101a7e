import { type Store, script } from './redis.js';

const renewScript = script<number[]>('renew-locks');

/**
 * Renews the locks of these claims of one queue, by job ID and token, for `lockMs` from now.
 * @returns the job IDs whose lock is no longer ours.
 */
export async function renewLocks(
  { redis, keys }: Store,
  queue: string,
  claims: [jobId: string, token: string][],
  lockMs: number,
): Promise<string[]> {
  if (claims.length === 0) return [];
  const names = [keys.job(queue, 'stalled'), ...claims.map(([jobId]) => keys.lock(queue, jobId))];
  const values = claims.flatMap(([jobId, token]) => [token, jobId]);
  const lost = await renewScript(redis, names.length, ...names, lockMs, ...values);
  return lost.map(index => claims[index - 1]![0]);
}

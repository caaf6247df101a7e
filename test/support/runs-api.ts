import { expect } from 'vitest';
import { type TestApi, useApi } from './api.js';

export const runs = '/v1/jobs/flights.delays/runs';
export const payload = { file: 'flights.csv' };

export interface RunsApi extends TestApi {
  /** @returns the ID of the run. */
  enqueue(body?: object, headers?: Record<string, string>): Promise<string>;
  /** How many wait. */
  waiting(): Promise<number>;
  /** Puts a run where a host would: out of the waiting list, into `place`, with fields of its own. */
  moved(id: string, place: 'active' | 'completed' | 'failed', own?: Record<string, string>): Promise<void>;
}

/** The API, with a release whose jobs can be asked for. */
export async function useRunsApi(): Promise<RunsApi> {
  const t = await useApi();
  await t.release([{}, { name: 'flights.carriers' }]);
  const { redis, keys } = t.store;
  return {
    ...t,
    async enqueue(body = { payload }, headers = {}) {
      const answer = await t.call('POST', runs, body, headers);
      expect(answer.status, answer.text).toBe(202);
      return answer.json.id;
    },
    waiting: () => redis.llen(keys.job('reports', 'wait')),
    async moved(id, place, own = {}) {
      await redis.lrem(keys.job('reports', 'wait'), 1, id);
      if (place === 'active') await redis.lpush(keys.job('reports', 'active'), id);
      else {
        const now = Date.now();
        await redis.zadd(keys.job('reports', place), now, id);
        const end = place === 'completed' ? ['returnvalue', '{"ok":true}'] : ['failedReason', 'no such file'];
        await redis.hset(keys.job('reports', id), 'processedOn', now, 'finishedOn', now, ...end);
      }
      if (Object.keys(own).length > 0) await redis.hset(keys.run('reports', id), own);
    },
  };
}

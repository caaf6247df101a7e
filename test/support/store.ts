import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { openStore, type Redis, type Store } from '../../src/store/redis.js';
import { onEnd } from './lifetime.js';

/** A Store on the Redis of this run, in a namespace and with a queue prefix of its own. */
export interface TestStore extends Store {
  url: string;
  namespace: string;
  queuePrefix: string;
  /** For processes that shall work on the same store. */
  env: { REDIS_URL: string; SLACKWATER_NAMESPACE: string; SLACKWATER_QUEUE_PREFIX: string };
}

/**
 * Opens a store whose keys are removed when the test (or the file) ends.
 * @param url of another Redis, such as `privateRedis().url`; default: the one of this run
 */
export function useStore(url: string = inject('redisUrl')): TestStore {
  const id = randomBytes(5).toString('hex');
  const isCluster = /^rediss?\+cluster:/.test(url);
  const [namespace, queuePrefix] = [`sw-test-${id}`, isCluster ? `{bull-test-${id}}` : `bull-test-${id}`];
  const store = openStore({ url, namespace, queuePrefix });
  onEnd(async () => {
    // A Redis that the test has killed takes its keys with it; so does a Cluster, which is always a test's own.
    if (store.redis.status === 'ready' && !isCluster) {
      await removeKeys(store.redis, `{${namespace}}:*`);
      await removeKeys(store.redis, `${queuePrefix}:*`);
    }
    store.redis.disconnect();
  });
  return {
    ...store,
    url,
    namespace,
    queuePrefix,
    env: { REDIS_URL: url, SLACKWATER_NAMESPACE: namespace, SLACKWATER_QUEUE_PREFIX: queuePrefix },
  };
}

async function removeKeys(redis: Redis, pattern: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 })) {
    if (keys.length > 0) await redis.unlink(...(keys as string[]));
  }
}

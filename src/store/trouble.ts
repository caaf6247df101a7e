/** Why Redis does not do what it is asked, though the asking was right. */
export interface Trouble {
  kind: 'away' | 'full' | 'read-only' | 'disk' | 'replicas' | 'loading' | 'cluster';
  /** What is wrong and what to change, for people. */
  text: string;
  /** It stays until somebody does something. */
  lasts: boolean;
}

/**
 * How Redis begins its answer. From a script it comes as it is (7.0 and later) or in the middle of a sentence, behind a dash (6.2). A script
 * is refused at its first write, before anything has changed; so is each script of a transaction.
 */
const ANSWERS: Record<string, Omit<Trouble, 'lasts'> & { lasts?: true }> = {
  OOM: {
    kind: 'full',
    text: 'Redis is out of memory, and nothing was stored: raise its maxmemory, or keep ended runs for a shorter time (retention)',
    lasts: true,
  },
  READONLY: {
    kind: 'read-only',
    text: 'this Redis is a read-only replica, and nothing was stored: point redis.url (REDIS_URL) at its master, or at the Sentinels (redis+sentinel://…)',
    lasts: true,
  },
  MISCONF: {
    kind: 'disk',
    text: 'Redis cannot write to its disk, and nothing was stored: make room there (its log says what failed)',
    lasts: true,
  },
  NOREPLICAS: {
    kind: 'replicas',
    text: 'Redis has fewer replicas than its min-replicas-to-write, and nothing was stored: bring one back',
    lasts: true,
  },
  LOADING: { kind: 'loading', text: 'Redis is loading its data: try again shortly' },
  MASTERDOWN: {
    kind: 'loading',
    text: 'this Redis is a replica that has lost its master: try again shortly',
  },
  CLUSTERDOWN: {
    kind: 'cluster',
    text: 'a part of the Redis Cluster is down: try again shortly; if it stays so, look at its CLUSTER INFO',
  },
  TRYAGAIN: { kind: 'cluster', text: 'the Redis Cluster is moving its keys: try again shortly' },
};

const ANSWER = new RegExp(`(?:^|[\\s-])(${Object.keys(ANSWERS).join('|')}) `);
const AWAY_CODE = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const AWAY_TEXT =
  /enableOfflineQueue|Command timed out|Connection is (closed|in)|connection close|Stream isn't|ECONN|EPIPE|ETIMEDOUT|sentinels are unreachable|startup nodes|slots cache|Cluster is (ended|disconnect)/i;

/** @returns `null` for an error that says something else. */
export function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof Error)) return null;
  const answer = ANSWERS[ANSWER.exec(error.message)?.[1] ?? ''];
  if (answer) return { lasts: false, ...answer };
  const { code, name, message, previousErrors } = error as Error & {
    code?: unknown;
    previousErrors?: unknown[];
  };
  // A transaction that was given up says only that; each of its commands says why.
  if (/^EXECABORT /.test(message)) return troubleOf(previousErrors?.[0]);
  if (name === 'MaxRetriesPerRequestError' || AWAY_CODE.test(String(code)) || AWAY_TEXT.test(message))
    return {
      kind: 'away',
      text: 'Redis cannot be reached: try again shortly (with the same Idempotency-Key, if this was a POST)',
      lasts: false,
    };
  return null;
}
